"""Opens, drains and closes a lane of event time on the stack that runs on the data folder. Rules: docs/contracts.md, "Draining a lane"."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from runtime.local.control import Control, ControlError
from runtime.local.lag import group_offsets
from runtime.local.spec import as_json
from runtime.local.stack import LIVE, finish_spec, lane_specs
from runtime.query import query
from runtime.send import Sender
from runtime.settings import Settings
from runtime.topics import admin_of, wanted_topics
from schemas.topics import lane_topic, table_topics

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
ROUNDS = 4  # the first carries the time, each further one what was forwarded between partitions one hop on
POLL_S = 0.1
Watch = Callable[[str], None]
T = TypeVar("T")
Ends = Mapping[Any, int]  # offsets by partition
CLOCKS = "SELECT partition, toUnixTimestamp64Milli(max(now_at)) FROM clocks WHERE lane = {lane:String} GROUP BY partition"


class LaneError(RuntimeError):
    """The lane cannot be had, or does not come to its end. The message says why and what to do: show it and stop."""


def check_name(lane: str) -> None:
    """LaneError unless it can be the name of a new lane."""
    if lane == LIVE or not NAME.fullmatch(lane):
        raise LaneError(f"{lane!r} is no name for a lane: small letters, digits, - and _, at most 64, and not {LIVE!r}")


def is_used(settings: Settings, lane: str) -> bool:
    """Whether a lane of that name has topics, or rows in the warehouse."""
    with admin_of(settings.kafka_bootstrap) as admin:
        if set(admin.list_topics()) & set(wanted_topics(settings, lane)):
            return True
    return bool(query(settings, "SELECT 1 FROM events WHERE lane = {lane:String} LIMIT 1", {"lane": lane}))


def refuse_used(settings: Settings, lane: str) -> None:
    """LaneError unless the name is free. Blocking."""
    check_name(lane)
    if is_used(settings, lane):
        raise LaneError(f"the lane {lane} has been used already: choose another name, so that two runs do not mix")


def open_lane(settings: Settings, lane: str, *, env: Mapping[str, str] | None = None, webhooks: bool = False) -> None:
    """Create the lane's topics and start its processes; returns when they are ready. Blocking. LaneError if the name has been used."""
    refuse_used(settings, lane)
    specs = lane_specs(settings, lane, env=env, webhooks=webhooks)
    control = Control(settings.data_dir)
    for wave in ([spec for spec in specs if spec.step], [spec for spec in specs if not spec.step]):
        _side_by_side(lambda spec: control.start(as_json(spec)), wave)


def close_lane(settings: Settings, lane: str, *, webhooks: bool = False) -> None:
    """Stop the lane's processes; its topics and rows stay. Blocking."""
    control = Control(settings.data_dir)
    known = {row["name"] for row in control.status()}
    specs = [spec for spec in lane_specs(settings, lane, webhooks=webhooks) if spec.name in known and not spec.step]
    _side_by_side(lambda spec: control.stop(spec.name), specs)


def worker_env(settings: Settings, lane: str) -> dict[str, str]:
    """The settings of its own that the lane's worker was started with, if this stack has run one. Blocking."""
    control, name = Control(settings.data_dir), f"worker-{lane}"
    known = {row["name"] for row in control.status()}
    return dict(control.spec(name)["env"]) if name in known else {}


def pause_lane(settings: Settings, lane: str, role: str) -> list[dict[str, Any]]:
    """Stop the lane's processes of this role (worker, sink) that this stack runs; what `resume_lane` needs. Blocking."""
    control = Control(settings.data_dir)
    running = [row["name"] for row in control.status() if row["state"] not in ("stopped", "done", "failed")]
    specs = [control.spec(name) for name in running if re.fullmatch(rf"{role}-{re.escape(lane)}(-\d+)?", name)]
    for spec in specs:
        control.stop(spec["name"])
    return specs


def resume_lane(settings: Settings, specs: Sequence[Mapping[str, Any]]) -> None:
    """Start them again, just as they had been started. Blocking."""
    _side_by_side(Control(settings.data_dir).start, specs)


async def finish_lane(settings: Settings, lane: str, agent: str = "") -> None:
    """Bring a lane to rest whose workers are paused: what is left in its inputs is applied (`agent`: in this one's only).

    LaneError if that takes longer than the supervisor is waited for. However this ends, nothing of it runs on.
    """
    spec = finish_spec(settings, lane, agent, await asyncio.to_thread(worker_env, settings, lane))
    try:
        await asyncio.to_thread(Control(settings.data_dir).start, as_json(spec))
    except ControlError as error:
        raise LaneError(
            f"the lane {lane} does not come to rest; if `cartwake status` shows that it is behind, wait for that: {error}"
        ) from error
    finally:
        await asyncio.to_thread(pause_lane, settings, lane, "finish")


async def until_read(settings: Settings, lane: str, timeout_s: float = 120.0, progress: Watch = lambda text: None) -> None:
    """Returns when the warehouse has all that the lane's topics hold, if somebody is there to bring it. LaneError as `drain`."""
    running = {row["name"] for row in Control(settings.data_dir).status() if row["state"] == "ready"}
    if f"sink-{lane}" in running:
        await _until(partial(unread, settings, lane), timeout_s, progress)


async def post_clock(settings: Settings, lane: str, now_ms: int) -> None:
    """Tell the lane that everything which was received before `now_ms` has been sent."""
    async with Sender(settings, "", lane=lane) as sender:
        await sender.clock(now_ms)


async def drain(
    settings: Settings, lane: str, now_ms: int, timeout_s: float = 120.0, progress: Watch = lambda text: None, *, rounds: int = ROUNDS
) -> None:
    """Returns when all that was sent before is in the warehouse, and every timer up to `now_ms` has fired.

    With fewer `rounds` what is forwarded between partitions may still be on its way. LaneError, naming what is behind, when nothing moves
    for `timeout_s`.
    """
    for at_ms in range(now_ms, now_ms + rounds):
        await post_clock(settings, lane, at_ms)
        await _until(partial(slow_partitions, settings, lane, at_ms), timeout_s, progress)
    await _until(partial(unread, settings, lane), timeout_s, progress)


def slow_partitions(settings: Settings, lane: str, at_ms: int) -> list[str]:
    """The partitions whose clock has not come to `at_ms`, in words."""
    clocks: dict[int, int] = dict(query(settings, CLOCKS, {"lane": lane}))
    journeys = lane_topic(lane, "journeys")
    with admin_of(settings.kafka_bootstrap) as admin:
        numbers = sorted(key.partition for key in _partitions(admin, [journeys]))
    return [
        f"partition {number} of {lane} stands at {_spelled(clocks.get(number))}, not yet at {_spelled(at_ms)}: worker-{lane} or sink-{lane}"
        for number in numbers
        if clocks.get(number, 0) < at_ms
    ]


def unread(settings: Settings, lane: str, ends: Ends | None = None) -> list[str]:
    """The partitions that the warehouse sink has not read to their end (to `ends`, if given), in words."""
    return _behind(settings, f"cartwake-{lane}-warehouse", f"sink-{lane}", ends or table_ends(settings, lane))


def undelivered(settings: Settings, lane: str) -> list[str]:
    """The partitions with triggers that are not settled: neither delivered nor given up, in words."""
    return _behind(settings, f"cartwake-{lane}-webhooks", f"webhooks-{lane}", _ends(settings, [lane_topic(lane, "triggers")]))


def table_ends(settings: Settings, lane: str) -> Ends:
    """Where the topics of all tables end now."""
    return _ends(settings, [lane_topic(lane, topic.name) for topic in table_topics()])


def _ends(settings: Settings, topics: list[str]) -> Ends:
    from kafka.admin import OffsetSpec

    with admin_of(settings.kafka_bootstrap) as admin:
        found = admin.list_partition_offsets(dict.fromkeys(_partitions(admin, topics), OffsetSpec.LATEST))
    return {key: each.offset for key, each in found.items()}


def _behind(settings: Settings, group: str, process: str, ends: Ends) -> list[str]:
    with admin_of(settings.kafka_bootstrap) as admin:
        committed = group_offsets(admin, group)
    behind = {key: end - max(0, committed[key].offset if key in committed else 0) for key, end in ends.items()}
    return [
        f"{process} is {records} records behind on {key.topic}, partition {key.partition}" for key, records in behind.items() if records > 0
    ]


def _partitions(admin: Any, topics: list[str]) -> list[Any]:
    """All partitions that the topics really have."""
    from kafka.structs import TopicPartition

    found = admin.describe_topics(topics)
    return [TopicPartition(topic["name"], part["partition_index"]) for topic in found for part in topic["partitions"]]


async def until_passed(settings: Settings, lane: str, at_ms: int, timeout_s: float = 120.0, progress: Watch = lambda text: None) -> None:
    """Returns when a lane whose time passes by itself has come to `at_ms`. LaneError as `drain`."""
    await _until(partial(slow_partitions, settings, lane, at_ms), timeout_s, progress)


async def until_settled(settings: Settings, lane: str, timeout_s: float = 120.0, progress: Watch = lambda text: None) -> None:
    """Returns when each trigger that is there was delivered or given up, and the warehouse knows. LaneError as `drain`."""
    await _until(partial(undelivered, settings, lane), timeout_s, progress)
    ends = await asyncio.to_thread(table_ends, settings, lane)
    await _until(partial(unread, settings, lane, ends), timeout_s, progress)


async def _until(behind: Callable[[], list[str]], timeout_s: float, progress: Watch) -> None:
    """Ask until nothing is behind; LaneError when the answer stays the same for too long."""
    last, since_s = [""], time.monotonic()
    asked_s = since_s
    while found := await asyncio.to_thread(_asked, behind):
        took_s = time.monotonic() - asked_s
        if found != last:
            last, since_s = found, time.monotonic()
            progress(found[0])
        if time.monotonic() - since_s > timeout_s:
            raise LaneError(f"nothing has moved for {timeout_s:.0f} s; `cartwake status` shows the processes:\n  " + "\n  ".join(found))
        await asyncio.sleep(max(POLL_S, 2 * took_s))  # a question costs those who are behind, too
        asked_s = time.monotonic()


def _asked(question: Callable[[], list[str]]) -> list[str]:
    """The answer, or in its place that somebody was not there to ask: they may be on their way back."""
    from clickhouse_connect.driver.exceptions import Error as WarehouseError
    from kafka.errors import KafkaError

    try:
        return question()
    except (KafkaError, WarehouseError, OSError) as error:
        return [f"{type(error).__name__}: {error}"]


def _spelled(at_ms: int | None) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds") if at_ms else "no time"


def _side_by_side(action: Callable[[T], None], specs: Sequence[T]) -> None:
    """Each in a thread of its own; the first error is raised when all are done."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(action, specs))
