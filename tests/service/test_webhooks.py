"""Triggers on real Kafka, delivered by a real process to a real receiver that has its troubles."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import standardwebhooks
from aiohttp import web

from runtime.secrets import new_webhook_secret
from schemas.rows import DeliveryRow, TriggerRow
from tests.service.sink_lab import Lab, lab, lines, read_all, send
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(120)
Answer = Callable[[str, int], "int | web.Response"]


class Shop:
    """Verifies every request with the independent library; `answer` says what to answer to the n-th request for a trigger."""

    def __init__(self) -> None:
        self.secret = new_webhook_secret()
        self.answer: Answer = lambda trigger_id, number: 200
        self.got: list[tuple[str, float]] = []
        self.bodies: dict[str, Any] = {}
        self.gate = asyncio.Event()
        self.slow: set[str] = set()

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        message = standardwebhooks.Webhook(self.secret).verify(body, dict(request.headers))
        trigger_id = request.headers["webhook-id"]
        self.got.append((trigger_id, time.monotonic()))
        self.bodies[trigger_id] = message
        if trigger_id in self.slow:
            await self.gate.wait()
        answer = self.answer(trigger_id, self.ids().count(trigger_id))
        return answer if isinstance(answer, web.Response) else web.Response(status=answer)

    def ids(self) -> list[str]:
        return [trigger_id for trigger_id, _ in self.got]


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, str]]:
    made = Shop()
    app = web.Application()
    app.add_routes([web.post("/hook", made.receive)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield made, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    made.gate.set()
    await runner.cleanup()


@pytest.fixture
async def bench(kafka: str, shop: tuple[Shop, str], tmp_path: Path) -> AsyncIterator[Lab]:
    with lab(kafka, tmp_path, webhook_url=shop[1], webhook_secret=shop[0].secret) as made:
        yield made


def trigger(trigger_id: str, **changes: Any) -> TriggerRow:
    row = TriggerRow(
        lane="live",
        trigger_id=trigger_id,
        rule="idle",
        person_id="u:ann",
        episode_id="e",
        step=1,
        status="fired",
        decision="send",
        fired_at_ms=1_700_000_000_000,
        version=1,
    )
    return msgspec.structs.replace(row, **changes)


async def feed(bench: Lab, *rows: TriggerRow, partition: int = 0) -> None:
    await send(bench.settings.kafka_bootstrap, bench.topic("triggers"), [lines([row]) for row in rows], partition=partition)


def start(bench: Lab, delays_s: str = "0.2,0.2", die_at: str = "") -> Any:
    return bench.start("webhooks", "--retry-delays-s", delays_s, die_at=die_at)


async def deliveries(bench: Lab) -> list[DeliveryRow]:
    values = await read_all(bench.settings.kafka_bootstrap, bench.topic("deliveries"), bench.settings.partitions)
    rows = [msgspec.json.decode(line, type=DeliveryRow) for value in values for line in value.split(b"\n")]
    return sorted(rows, key=lambda row: (row.trigger_id, row.attempt))


async def outcomes(bench: Lab, count: int) -> list[tuple[str, int, str, int]]:
    """(trigger, attempt, outcome, status) of all attempts, once there are that many."""
    for _ in range(200):
        if len(rows := await deliveries(bench)) >= count:
            return [(row.trigger_id, row.attempt, row.outcome, row.status_code) for row in rows]
        await asyncio.sleep(0.05)
    raise AssertionError(bench.logs())


async def test_what_is_to_be_sent_is_sent_once(bench: Lab, shop: tuple[Shop, str]) -> None:
    others = [trigger("no", decision="suppress"), trigger("no", version=2, status="void"), trigger("b", version=2)]
    await feed(bench, trigger("a"), *others)
    await feed(bench, trigger("c"), partition=1)
    process = start(bench)
    assert await outcomes(bench, 2) == [("a", 1, "delivered", 200), ("c", 1, "delivered", 200)]
    assert sorted(shop[0].ids()) == ["a", "c"]
    assert shop[0].bodies["a"]["data"]["person_id"] == "u:ann"
    assert bench.stop(process) == 0, bench.logs()


async def test_failures_are_repeated_and_given_up_after_the_last(bench: Lab, shop: tuple[Shop, str]) -> None:
    shop[0].answer = lambda trigger_id, number: {"twice": [500, 302, 200], "never": [500] * 9, "gone": [410]}[trigger_id][number - 1]
    await feed(bench, trigger("twice"), trigger("never"), trigger("gone"))
    start(bench)
    assert await outcomes(bench, 7) == [
        ("gone", 1, "dead", 410),
        ("never", 1, "retry", 500),
        ("never", 2, "retry", 500),
        ("never", 3, "dead", 500),
        ("twice", 1, "retry", 500),
        ("twice", 2, "retry", 302),
        ("twice", 3, "delivered", 200),
    ]


async def test_retry_after_is_obeyed(bench: Lab, shop: tuple[Shop, str]) -> None:
    shop[0].answer = lambda _, number: web.Response(status=429, headers={"Retry-After": "2"}) if number == 1 else 200
    await feed(bench, trigger("a"))
    start(bench, "0.01,0.01")
    await outcomes(bench, 2)
    assert shop[0].got[1][1] - shop[0].got[0][1] >= 1.9


async def test_a_slow_one_blocks_nobody_and_a_restart_repeats_only_what_is_unfinished(bench: Lab, shop: tuple[Shop, str]) -> None:
    """`bad` is first in the partition, so the committed offset stays before all the others."""
    shop[0].answer = lambda trigger_id, _: 500 if trigger_id == "bad" else 200
    await feed(bench, trigger("bad"), *(trigger(f"t{number}") for number in range(20)))
    process = start(bench, "1000,1000")
    await outcomes(bench, 21)
    process.send_signal(signal.SIGKILL)
    process.wait()
    await feed(bench, trigger("new"))
    start(bench, "0.1,1000")
    await outcomes(bench, 23)
    assert sorted(shop[0].ids()) == sorted(["bad", "bad", "new", *(f"t{number}" for number in range(20))])
    assert [row.attempt for row in await deliveries(bench) if row.trigger_id == "bad"] == [1, 2]


async def test_a_kill_between_the_answer_and_its_record_repeats_with_the_same_id(bench: Lab, shop: tuple[Shop, str]) -> None:
    await feed(bench, trigger("a"))
    start(bench, die_at="after_post")
    await eventually(lambda: bench.processes[0].poll() is not None, 30)
    assert await deliveries(bench) == []
    start(bench)
    assert await outcomes(bench, 1) == [("a", 1, "delivered", 200)]
    assert shop[0].ids() == ["a", "a"]


async def test_a_kill_after_the_record_repeats_nothing(bench: Lab, shop: tuple[Shop, str]) -> None:
    await feed(bench, trigger("a"))
    start(bench, die_at="after_delivery")
    await eventually(lambda: bench.processes[0].poll() is not None, 30)
    await feed(bench, trigger("b"))
    start(bench)
    assert await outcomes(bench, 2) == [("a", 1, "delivered", 200), ("b", 1, "delivered", 200)]
    assert shop[0].ids() == ["a", "b"]


async def test_sigterm_lets_a_request_end_and_records_it(bench: Lab, shop: tuple[Shop, str]) -> None:
    shop[0].slow = {"a"}
    await feed(bench, trigger("a"))
    process = start(bench)
    await eventually(lambda: shop[0].ids() == ["a"], 30)
    process.terminate()
    shop[0].gate.set()
    assert await asyncio.to_thread(process.wait, 20) == 0, bench.logs()
    assert await outcomes(bench, 1) == [("a", 1, "delivered", 200)]


async def test_a_trigger_taken_back_is_not_tried_again(bench: Lab, shop: tuple[Shop, str]) -> None:
    shop[0].answer = lambda _, number: 500
    await feed(bench, trigger("a"))
    start(bench, "1000")
    await outcomes(bench, 1)
    await feed(bench, trigger("a", version=2, status="void"))
    assert (await outcomes(bench, 2))[1] == ("a", 2, "dead", 0)
    assert shop[0].ids() == ["a"]


async def test_a_line_that_is_no_trigger_is_passed_over(bench: Lab, shop: tuple[Shop, str]) -> None:
    await send(bench.settings.kafka_bootstrap, bench.topic("triggers"), [b"{", lines([trigger("a")])])
    start(bench)
    assert await outcomes(bench, 1) == [("a", 1, "delivered", 200)]


async def test_a_withdrawal_stops_the_next_try_also_after_a_restart(bench: Lab, shop: tuple[Shop, str]) -> None:
    shop[0].answer = lambda _, number: 500
    await feed(bench, trigger("a"), trigger("b"))
    process = start(bench, "2,2,2")
    await outcomes(bench, 2)
    process.kill()
    process.wait()
    await feed(bench, trigger("a", version=2, reason="no_consent"), trigger("b", version=2, status="void", reason="erased", person_id=""))
    start(bench, "2,2,2")
    assert [each for each in await outcomes(bench, 4) if each[1] == 2] == [("a", 2, "dead", 0), ("b", 2, "dead", 0)]
    assert sorted(shop[0].ids()) == ["a", "b"]
    assert {row.error for row in await deliveries(bench) if row.outcome == "dead"} == {"consent was withdrawn", "the person was erased"}
