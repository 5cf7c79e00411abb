"""A database that tests use one after the other is as good as new for each of them."""

from __future__ import annotations

from tests.views_lab import lab

ROWS = "SELECT sum(total_rows) AS n FROM system.tables WHERE database = currentDatabase() AND name != 'migrations'"
COUNTED = "SELECT (SELECT count() FROM identities) AS i, (SELECT count() FROM events) AS e, (SELECT count() FROM orders) AS o"


def test_it_is_empty_again_and_takes_the_same_rows_again(warehouse: tuple[str, int]) -> None:
    """The same block once more is no duplicate of what is gone."""
    names = []
    for _ in range(2):
        with lab(*warehouse, loyalty_window_s=86_401) as found:
            names.append(found.settings.warehouse_database)
            assert found.ask(ROWS) == [{"n": 0}]
            found.insert("identities", [{"lane": "a", "id": "d:1", "person_id": "u:1", "version": 1}])
            found.events("a", {"event": "purchase", "message_id": "m", "order_id": "o", "person_id": "u:1", "at_ms": 0})
            [counted] = found.ask(COUNTED)
            assert counted == {"i": 1, "e": 1, "o": 1}
    assert names[0] == names[1]


def test_one_that_was_altered_is_not_used_again(warehouse: tuple[str, int]) -> None:
    names = []
    for _ in range(2):
        with lab(*warehouse, loyalty_window_s=86_402) as found:
            names.append(found.settings.warehouse_database)
            found.client.command("ALTER TABLE carts ADD COLUMN mine UInt8")
    assert names[0] != names[1]
    with lab(*warehouse) as found:
        assert found.ask("SELECT name FROM system.databases WHERE has({names:Array(String)}, name)", names=names) == []
