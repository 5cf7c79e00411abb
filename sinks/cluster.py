"""The same migrations for a cluster: every node gets each table, and the copies keep each other up to date. Pure: text in, text out.

A table's path in Keeper is the server's own default, `/clickhouse/tables/{uuid}/{shard}`: it stays right when tables change names.
"""

from __future__ import annotations

import re

# A token must be remembered as long as a range can stay open: a server forgets it after an hour otherwise.
REMEMBER_S = 30 * 86_400

_NAME = r"(?:`[^`]+`|[\w.*]+)"
_ONE = rf"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?{_NAME}"
_USERS = r"USER|SETTINGS\s+PROFILE|ROLE"
_HEADS = tuple(
    re.compile(rf"\A({head})(?=\s|\Z)", re.IGNORECASE)
    for head in (
        rf"CREATE\s+(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+)?(?:TABLE|VIEW|DATABASE|DICTIONARY)\s+{_ONE}",
        rf"CREATE\s+(?:{_USERS})\s+(?:OR\s+REPLACE\s+)?{_ONE}",
        rf"ALTER\s+(?:TABLE|{_USERS})\s+{_ONE}",
        rf"(?:DROP|TRUNCATE)\s+(?:TABLE|VIEW|DATABASE)\s+{_ONE}",
        rf"OPTIMIZE\s+TABLE\s+{_NAME}",
    )
)
_PAIRS = re.compile(rf"\A((?:RENAME\s+TABLE\s+{_NAME}\s+TO|EXCHANGE\s+TABLES\s+{_NAME}\s+AND)\s+{_NAME})", re.IGNORECASE)
_GRANT = re.compile(r"\A(GRANT)(?=\s)", re.IGNORECASE)
_ENGINE = re.compile(r"\b(ENGINE\s*=\s*)((?:\w+)?MergeTree)\b", re.IGNORECASE)
_WINDOW = re.compile(r"\bnon_replicated_deduplication_window(\s*=\s*\d+)")
_QUOTED = re.compile(r"('(?:[^'\\]|\\.|'')*')", re.DOTALL)
_CHANGES = re.compile(r"\A(CREATE|ALTER|DROP|TRUNCATE|RENAME|EXCHANGE|OPTIMIZE|GRANT|REVOKE|ATTACH|DETACH|UNDROP|MOVE)\b", re.IGNORECASE)


def for_cluster(statement: str, cluster: str) -> str:
    """The statement for a cluster of this name; unchanged without one. Raises ValueError for a change that would reach one node only."""
    if not cluster:
        return statement
    where = "ON CLUSTER '" + cluster.replace("\\", "\\\\").replace("'", "\\'") + "'"
    for pattern in (*_HEADS, _PAIRS, _GRANT):
        match = pattern.match(statement)
        if match:
            return f"{match[1]} {where}{_replicated(statement[match.end() :])}"
    if _CHANGES.match(statement):
        raise ValueError(f"not known how to say this to a cluster: {statement[:80]!r}")
    return statement


def _replicated(rest: str) -> str:
    """Engines and their settings, outside of quotes."""
    parts = _QUOTED.split(rest)
    for index in range(0, len(parts), 2):
        part = _ENGINE.sub(_engine, parts[index])
        window = rf"replicated_deduplication_window\1, replicated_deduplication_window_seconds = {REMEMBER_S}"
        parts[index] = _WINDOW.sub(window, part)
    return "".join(parts)


def _engine(match: re.Match[str]) -> str:
    name = match[2]
    return match[0] if name.startswith(("Replicated", "Shared")) else f"{match[1]}Replicated{name}"
