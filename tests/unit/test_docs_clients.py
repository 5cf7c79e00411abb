"""docs/clients.md says what the code does: every name that is mapped, every address, every client that is tried."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from collector.dialects.posthog import NAMES
from collector.dialects.registry import ROUTES
from collector.dialects.snowplow_events import ACTIONS, KINDS, SCHEMAS
from collector.names import ALIASES
from tests.unit.dialect_lab import sent

ROOT = Path(__file__).resolve().parents[2]
DOC = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
TP2 = "/com.snowplowanalytics.snowplow/tp2"
# What events of the catalogue need, under names that every dialect of this test takes.
NEEDED = {"product_id": "p1", "order_id": "o1", "search_term": "x", "experiment_id": "e", "variant": "a"}


def table(heading: str) -> list[tuple[str, str]]:
    """(name, event) of each row under a heading."""
    part = re.split(r"^#+ ", DOC, flags=re.MULTILINE)
    [section] = [text for text in part if text.startswith(heading + "\n")]
    return re.findall(r"^\|`([^`|]+)`\|`(\w+)`\|$", section, flags=re.MULTILINE)


def told(schema: str, data: Any) -> dict[str, Any]:
    inner = {"schema": f"iglu:com.snowplowanalytics.{schema}/jsonschema/1-0-0", "data": data}
    return {"e": "ue", "ue_pr": json.dumps({"schema": "iglu:x/y/jsonschema/1-0-0", "data": inner})}


def snowplow(event: dict[str, Any], entities: list[Any]) -> tuple[str, str]:
    listed = [{"schema": f"iglu:com.snowplowanalytics.snowplow.ecommerce/{name}/jsonschema/1-0-0", "data": data} for name, data in entities]
    line = sent(TP2, {"data": [{"uid": "u", "co": json.dumps({"data": listed}), **event}]}).line
    return line.event_raw, line.event


NAMED = table("Names in every dialect")


@pytest.mark.parametrize(("name", "means"), NAMED)
def test_a_name_of_the_table_means_what_it_says(name: str, means: str) -> None:
    bodies: dict[str, Any] = {
        "/v1/track": {"event": name, "userId": "u", "properties": NEEDED},
        "/api/s/track": {"event": name, "userId": "u", "properties": NEEDED},
        "/e/": {"event": name, "distinct_id": "u", "properties": NEEDED},
        "/mp/collect": {"client_id": "c", "events": [{"name": name, "params": NEEDED}]},
        "/cloudevents": {"id": "1", "source": "s", "specversion": "1.0", "type": name, "subject": "u", "data": NEEDED},
    }
    for address, body in bodies.items():
        line = sent(address, body).line
        assert (line.event_raw, line.event) == (name, means), address
    assert snowplow({"e": "ue", "ue_pr": told("", NEEDED)["ue_pr"].replace("com.snowplowanalytics.", f"com.acme/{name}")}, []) == (
        name,
        means,
    )


def test_the_table_has_every_name() -> None:
    plain = {name.lower().replace("_", " "): means for name, means in NAMED}
    assert plain == ALIASES


@pytest.mark.parametrize(("name", "means"), table("Names: PostHog's own"))
def test_posthogs_own(name: str, means: str) -> None:
    given = {"$group_key": "g", "alias": "new", "distinct_id": "u", **NEEDED}
    line = sent("/e/", {"event": name, "distinct_id": "u", "properties": given}).line
    assert (line.event_raw, line.event) == (name, means)


@pytest.mark.parametrize(("name", "means"), table("Names: `type` of `snowplow_ecommerce_action`"))
def test_snowplows_actions(name: str, means: str) -> None:
    told_ = told("snowplow.ecommerce/snowplow_ecommerce_action", {"type": name})
    assert snowplow(told_, [("product", {"id": "p1"}), ("transaction", {"transaction_id": "t1"})]) == (name, means)


@pytest.mark.parametrize(("name", "means"), table("Names: Snowplow's own schemas"))
def test_snowplows_schemas(name: str, means: str) -> None:
    assert snowplow(told(f"snowplow/{name}", {"sku": "p1", "terms": ["x"]}), []) == (name, means)


@pytest.mark.parametrize(("name", "means"), table("Names: `e`"))
def test_snowplows_kinds(name: str, means: str) -> None:
    assert snowplow({"e": name}, []) == (KINDS[name][0], means)


def test_the_tables_have_every_name_of_their_dialect() -> None:
    assert dict(table("Names: PostHog's own")) == NAMES
    assert dict(table("Names: `type` of `snowplow_ecommerce_action`")) == ACTIONS
    assert dict(table("Names: Snowplow's own schemas")) == SCHEMAS
    assert dict(table("Names: `e`")) == {kind: means for kind, (_, means) in KINDS.items()}


def test_every_client_that_is_tried_is_written_down() -> None:
    packages = json.loads((ROOT / "tests" / "clients" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    first_cells = re.findall(r"^\|([^|]+)\|", DOC.split("What all dialects share")[0], flags=re.MULTILINE)
    for name, version in packages.items():
        assert [cell for cell in first_cells if cell.split(" ")[:2] == [name, version.rpartition(".")[0]]], (name, version)


def test_every_address_is_written_down() -> None:
    written = set()
    for text in re.findall(r"`(?:POST |GET )?(/[^`]*)`", DOC):
        head, _, choices = text.partition("{")
        written |= {(head + choice).rstrip("/") for choice in choices.rstrip("}").split(",")} if choices else {text.rstrip("/")}
    written |= {path.replace("/api/s/", "/api/s/s2s/") for path in written if path.startswith("/api/s/")}
    assert {route.path for route in ROUTES} - written == set()
