"""Each view is what its header says: its columns, its parameters, its example; and the document is made from them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from sinks.clickhouse import connect
from sinks.document import PAGE, page, read_headers, view_columns
from sinks.migrate import HOME
from sinks.view_header import Header, HeaderError, read_header
from tests.views_lab import Lab, lab

pytestmark = pytest.mark.timeout(180)
HEADERS = read_headers()


@pytest.fixture(scope="module")
def database(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.view)
def test_a_view_has_the_columns_that_its_header_names(database: Lab, header: Header) -> None:
    async def columns() -> list[tuple[str, str]]:
        async with connect(database.settings) as warehouse:
            return [(each.name, each.comment) for each in await view_columns(warehouse, header)]

    found = asyncio.run(columns())
    assert [name for name, meaning in found if not meaning] == []
    if header.like:
        assert set(header.columns) <= {name for name, _ in found}
    else:
        assert [name for name, _ in found] == list(header.columns)


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.view)
def test_a_views_example_runs(database: Lab, header: Header) -> None:
    database.client.query(header.example)


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.view)
def test_a_view_takes_the_parameters_that_its_header_names(header: Header) -> None:
    sql = (HOME / "views" / header.file).read_text(encoding="utf-8")
    used = dict(re.findall(r"\{(\w+):\s*([^}]+)\}", "\n".join(line for line in sql.splitlines() if not line.startswith("--"))))
    assert used == {name: kind for name, (kind, _) in header.parameters.items()}


def test_the_document_is_up_to_date(database: Lab) -> None:
    assert asyncio.run(page(database.settings)) == PAGE.read_text(encoding="utf-8"), (
        "run `python -m sinks.document` and commit what it writes"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- What.\nSELECT 1", "lacks grain, example, caveats, columns"),
        ("-- What.\n-- Columns:\n-- - no meaning\nSELECT 1", "cannot read '- no meaning' under Columns"),
        (
            "-- W.\n-- Grain: g\n-- Parameters:\n-- - a T: m\n-- Columns:\n-- - b: m\n-- Example: SELECT 1\n-- Caveats: c\n",
            "does not call v",
        ),
    ],
)
def test_a_header_that_lacks_something_is_named(text: str, message: str) -> None:
    with pytest.raises(HeaderError, match=re.escape(message)):
        read_header("10_v.sql", text)
