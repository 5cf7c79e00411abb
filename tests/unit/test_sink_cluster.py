"""Every migration and view, said to a cluster. That ClickHouse reads it so: tests/contract/test_migrations_cluster.py."""

from __future__ import annotations

import re

import pytest

from runtime.settings import Settings
from sinks.cluster import REMEMBER_S, for_cluster
from sinks.migrate import LEDGER, read_migrations, read_views, statements
from sinks.users import analyst_statements

ALL = [
    LEDGER.strip(),
    *(statement for migration in read_migrations() for statement in statements(migration.sql)),
    *(statement for _, sql in read_views(Settings()) for statement in statements(sql)),
    *analyst_statements(Settings()),
]


@pytest.mark.parametrize("statement", ALL, ids=lambda statement: " ".join(statement.split()[:6]))
def test_each_statement_reaches_every_node_or_is_rows(statement: str) -> None:
    said = for_cluster(statement, "shop")
    if statement.startswith("INSERT"):
        assert said == statement, "what one replica is given, the others get from it"
        return
    assert said.count("ON CLUSTER 'shop'") == 1
    assert "non_replicated" not in said
    assert not re.search(r"ENGINE = (?!Replicated)\w*MergeTree", said)
    assert said.count("Replicated") == len(re.findall(r"ENGINE = \w*MergeTree", statement))
    undone = said.replace(" ON CLUSTER 'shop'", "").replace("ENGINE = Replicated", "ENGINE = ")
    undone = undone.replace(f", replicated_deduplication_window_seconds = {REMEMBER_S}", "")
    assert undone.replace("replicated_dedup", "non_replicated_dedup") == statement, "nothing else is changed"


@pytest.mark.parametrize("statement", ALL, ids=lambda statement: " ".join(statement.split()[:6]))
def test_without_a_cluster_nothing_is_changed(statement: str) -> None:
    assert for_cluster(statement, "") == statement


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("EXCHANGE TABLES a AND b", "EXCHANGE TABLES a AND b ON CLUSTER 'it\\'s'"),
        ("RENAME TABLE a TO b", "RENAME TABLE a TO b ON CLUSTER 'it\\'s'"),
        ("CREATE DATABASE IF NOT EXISTS `c w`", "CREATE DATABASE IF NOT EXISTS `c w` ON CLUSTER 'it\\'s'"),
        (
            "CREATE OR REPLACE VIEW v AS SELECT 'ENGINE = MergeTree'",
            "CREATE OR REPLACE VIEW v ON CLUSTER 'it\\'s' AS SELECT 'ENGINE = MergeTree'",
        ),
        ("GRANT SELECT ON d.* TO a", "GRANT ON CLUSTER 'it\\'s' SELECT ON d.* TO a"),
        ("SELECT 1", "SELECT 1"),
    ],
)
def test_names_and_quotes_are_kept(statement: str, wanted: str) -> None:
    assert for_cluster(statement, "it's") == wanted


@pytest.mark.parametrize("statement", ["ATTACH TABLE t", "CREATE FUNCTION f AS x -> x", "REVOKE SELECT ON t FROM a"])
def test_a_change_that_one_node_alone_would_see_is_refused(statement: str) -> None:
    with pytest.raises(ValueError, match="not known how to say this to a cluster"):
        for_cluster(statement, "shop")
