"""Events that overtook a refusal leave the warehouse; those before it, after the next yes, and of others stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sinks.clickhouse import connect
from sinks.overtaken import Overtaken
from tests.views_lab import Lab, lab
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def made(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as found:
        yield found


def event(message_id: str, at_ms: int, device: str = "1", name: str = "page_view", user: str = "", **props: Any) -> dict[str, Any]:
    person = f"d:{device}" if device else f"u:{user}"
    who = {"device_id": device, "user_id": user}
    return {"event": name, "person_id": person, "at_ms": at_ms, "message_id": message_id, "props": props, **who}


async def sweep(made: Lab, lane: str) -> int:
    async with connect(made.settings) as warehouse:
        return await Overtaken(warehouse, made.settings, lane).sweep()


def ids(made: Lab, lane: str, table: str = "events") -> list[str]:
    return [row["message_id"] for row in made.ask(f"SELECT message_id FROM {table} WHERE lane = {{lane:String}} ORDER BY 1", lane=lane)]


async def test_what_came_after_a_refusal_goes(made: Lab) -> None:
    made.events(
        "x",
        event("before", 5),
        event("at", 10),
        event("order", 15, name="purchase", user="ann"),
        event("again", 21),
        event("other", 15, device="2"),
        event("server", 15, device="", user="ann"),
        event("no", 10, name="consent", purposes={"analytics": False}),
        event("yes", 20, name="consent", purposes={"analytics": True}),
        event("also no", 20, device="3", name="consent", purposes={"marketing": False}),
        event("third", 30, device="3"),
    )
    made.events("y", event("at", 10))
    assert await sweep(made, "x") == 2
    stay = ["again", "also no", "before", "no", "other", "server", "third", "yes"]
    until(lambda: ids(made, "x") == stay and ids(made, "x", "orders") == [], what="the deletion")
    assert ids(made, "y") == ["at"]
    assert await sweep(made, "x") == 0


async def test_a_lane_without_refusals_is_not_looked_through(made: Lab) -> None:
    made.events("quiet", event("a", 1), event("b", 2, name="consent", purposes={"analytics": True}))
    assert await sweep(made, "quiet") == 0 and ids(made, "quiet") == ["a", "b"]
