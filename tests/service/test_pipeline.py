"""A pipeline's transactions on a real Kafka: whatever fails, each line is applied once and in order."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams import changelog, garbage, pipeline
from streams.agents.pipelines import Pipelines
from streams.pipeline import Pipeline
from tests.service.pipeline_lab import Numbering, PipelineLab

LINES = [b"a", b"b\nc", b"d"]
NUMBERED = [b"1:a", b"2:b", b"3:c", b"4:d"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_MAX_BATCH_RECORDS", 2)


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, at: int, after: bool) -> None:
    """The `at`th call of a coroutine function fails, before or after it has done its work."""
    real: Callable[..., Awaitable[Any]] = getattr(owner, name)
    calls = 0

    async def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and not after:
            raise KafkaError("before")
        result = await real(*args, **kwargs)
        if calls == at:
            raise KafkaError("after")
        return result

    monkeypatch.setattr(owner, name, failing)


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (AIOKafkaProducer, "begin_transaction"),
        (AIOKafkaProducer, "send_batch"),
        (changelog, "write_state"),
        (AIOKafkaProducer, "commit_transaction"),
        (changelog, "read_state"),
    ],
)
async def test_a_failure_at_any_step_loses_and_doubles_nothing(
    kafka: str, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int, after: bool
) -> None:
    lab = PipelineLab(kafka, f"fail-{name}-{at}-{after}")
    for line in LINES:
        await lab.write(line)
    fail_once(monkeypatch, owner, name, at=at, after=after)
    running = Pipeline(lab.setup)
    await lab.deliver(running)
    await running.close()
    monkeypatch.undo()
    assert await lab.output() == NUMBERED


async def test_fenced_in_the_middle_of_a_transaction_the_loser_restores_and_goes_on(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = PipelineLab(kafka, "fenced")
    for line in LINES:
        await lab.write(line)
    real = changelog.write_state
    rivals: list[AIOKafkaProducer] = []

    async def write_state(*args: Any) -> Any:
        futures = await real(*args)
        if not rivals:
            rivals.append(AIOKafkaProducer(bootstrap_servers=kafka, transactional_id="fenced"))
            await rivals[0].start()
        return futures

    monkeypatch.setattr(changelog, "write_state", write_state)
    running = Pipeline(lab.setup)
    await lab.deliver(running)
    await running.close()
    assert await lab.output() == NUMBERED
    await rivals[0].stop()


async def test_closed_in_the_middle_of_a_transaction_the_next_owner_goes_on(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = PipelineLab(kafka, "closed")
    await lab.write(*LINES)
    written = asyncio.Event()
    real = changelog.write_state

    async def write_state(*args: Any) -> Any:
        futures = await real(*args)
        written.set()
        await asyncio.sleep(60)
        return futures

    monkeypatch.setattr(changelog, "write_state", write_state)
    first = Pipeline(lab.setup)
    delivery = asyncio.create_task(lab.deliver(first))
    await written.wait()
    await first.close()
    delivery.cancel()
    monkeypatch.undo()
    second = Pipeline(lab.setup)
    await lab.deliver(second)
    await second.close()
    assert await lab.output() == NUMBERED


def lab_with_watched_stages(kafka: str, name: str) -> tuple[PipelineLab, list[weakref.ref[Numbering]]]:
    """A lab, and the stages that its pipelines will make: each is None once it is gone."""
    stages: list[weakref.ref[Numbering]] = []

    def make_stage() -> Numbering:
        stage = Numbering()
        stages.append(weakref.ref(stage))
        return stage

    lab = PipelineLab(kafka, name)
    lab.setup = msgspec.structs.replace(lab.setup, make_stage=make_stage)
    return lab, stages


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("is_amid_a_transaction", [False, True])
async def test_the_state_of_a_closed_pipeline_is_gone_without_the_collector(
    kafka: str, monkeypatch: pytest.MonkeyPatch, is_amid_a_transaction: bool
) -> None:
    lab, stages = lab_with_watched_stages(kafka, f"gone-{is_amid_a_transaction}")
    await lab.write(*LINES)
    running = Pipeline(lab.setup)
    await lab.deliver(running)
    if is_amid_a_transaction:
        asked = asyncio.Event()

        async def never(_: Any) -> None:
            asked.set()
            await asyncio.Event().wait()

        await lab.write(b"e")
        monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", never)
        await running.submit((await lab.read_input())[-1])
        await asked.wait()
        monkeypatch.undo()
    garbage.leave_alone()
    await running.close()
    assert [stage() for stage in stages] == [None]


@pytest.mark.usefixtures("no_collector")
async def test_the_state_that_a_failed_transaction_costs_is_gone_once_it_is_restored(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, stages = lab_with_watched_stages(kafka, "costs")
    await lab.write(*LINES)
    fail_once(monkeypatch, AIOKafkaProducer, "commit_transaction", at=2, after=False)
    running = Pipeline(lab.setup)
    await lab.deliver(running)
    assert len(stages) == 2 and stages[0]() is None
    await running.close()
    assert await lab.output() == NUMBERED


async def test_a_zombie_that_goes_on_after_its_partition_went_writes_nothing(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = PipelineLab(kafka, "zombie")
    await lab.write(*LINES)
    asleep, awake = asyncio.Event(), asyncio.Event()
    real = changelog.write_state

    async def write_state(*args: Any) -> Any:
        if not asleep.is_set():
            asleep.set()
            await awake.wait()
        return await real(*args)

    monkeypatch.setattr(changelog, "write_state", write_state)
    zombie, owner = Pipeline(lab.setup), Pipeline(lab.setup)
    late = asyncio.create_task(lab.deliver(zombie))
    await asleep.wait()
    await lab.deliver(owner)
    awake.set()
    await late  # it restores, finds all of it done and acknowledges
    await zombie.close()
    await owner.close()
    assert await lab.output() == NUMBERED


async def test_a_group_that_is_ahead_of_the_changelog_skips_nothing(kafka: str) -> None:
    lab = PipelineLab(kafka, "ahead")
    await lab.write(b"a")
    await lab.write(b"never", abort=True)
    await lab.write(b"b\nc")
    await lab.write(b"never", abort=True)
    await lab.write(b"d")
    running = Pipeline(lab.setup)
    given = await lab.deliver(running, first=5)
    assert [each.value for each in given] == [b"d"]
    await running.close()
    assert await lab.output() == NUMBERED


async def test_a_group_that_forgot_where_it_was_repeats_nothing(kafka: str) -> None:
    lab = PipelineLab(kafka, "forgot")
    await lab.write(*LINES)
    for _ in range(2):
        running = Pipeline(lab.setup)
        await lab.deliver(running)
        await running.close()
    await lab.write(b"e")
    running = Pipeline(lab.setup)
    await lab.deliver(running)
    await running.close()
    assert await lab.output() == [*NUMBERED, b"5:e"]


async def test_what_comes_while_another_pipeline_computes_goes_into_the_same_transaction(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_MAX_BATCH_RECORDS", 3)
    lab = PipelineLab(kafka, "turns")
    await lab.write(b"a", b"b", b"c", b"d")
    running = Pipeline(lab.setup)
    given = await lab.read_input()
    async with lab.setup.turn:
        await running.submit(given[0])
        async with asyncio.timeout(30):
            while not lab.is_waited_for():  # the first is taken, its turn is to come
                await asyncio.sleep(0.02)
        for each in given[1:]:
            await running.submit(each)
    async with asyncio.timeout(30):
        while not all(each.acked for each in given):
            await asyncio.sleep(0.02)
    await running.close()
    assert await lab.output() == [b"1:a", b"2:b", b"3:c", b"4:d"]
    assert await lab.applied_offsets() == [given[2].offset, given[3].offset]


async def test_a_pipeline_that_is_closed_while_it_waits_for_its_turn_takes_it_from_nobody(kafka: str) -> None:
    lab = PipelineLab(kafka, "turnless")
    await lab.write(*LINES)
    waiting = Pipeline(lab.setup)
    async with lab.setup.turn:
        for each in await lab.read_input():
            await waiting.submit(each)
        async with asyncio.timeout(30):
            while not lab.is_waited_for():
                await asyncio.sleep(0.02)
        await waiting.close()
    following = Pipeline(lab.setup)
    await lab.deliver(following)
    await following.close()
    assert await lab.output() == NUMBERED


@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_batch_of_several_transactions_that_fails_half_way_is_finished(
    kafka: str, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    lab = PipelineLab(kafka, f"more-{at}")
    await lab.write(b"more:3")
    fail_once(monkeypatch, AIOKafkaProducer, "send_batch", at=at, after=True)
    running = Pipeline(lab.setup)
    await lab.deliver(running)
    await running.close()
    assert await lab.output() == [b"1:more:3", b"rest 3", b"rest 2", b"rest 1"]


async def test_a_worker_that_died_between_the_transactions_of_a_batch_finishes_it(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = PipelineLab(kafka, "more-died")
    await lab.write(b"more:3")
    fail_once(monkeypatch, AIOKafkaProducer, "send_batch", at=2, after=False)
    dead = asyncio.Event()

    async def die(self: Pipeline) -> None:
        dead.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(Pipeline, "_drop", die)
    first = Pipeline(lab.setup)
    delivery = asyncio.create_task(lab.deliver(first))
    await dead.wait()
    monkeypatch.undo()
    await first.close()
    delivery.cancel()
    assert await lab.output() == [b"1:more:3", b"rest 3"]
    second = Pipeline(lab.setup)
    await lab.deliver(second)
    await second.close()
    assert await lab.output() == [b"1:more:3", b"rest 3", b"rest 2", b"rest 1"]


async def test_a_deliverer_that_waits_for_room_is_released_when_the_partition_goes(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = PipelineLab(kafka, "room")
    await lab.write(*LINES)
    monkeypatch.setattr(pipeline, "_MAX_QUEUE_RECORDS", 1)
    stuck = asyncio.Event()

    async def read_state(*_: Any) -> dict[bytes, bytes]:
        stuck.set()
        await asyncio.sleep(60)
        return {}

    monkeypatch.setattr(changelog, "read_state", read_state)
    pipelines = Pipelines(lambda partition: lab.setup)
    given = await lab.read_input()
    await pipelines.submit(0, given[0])
    await stuck.wait()
    await pipelines.submit(0, given[1])
    waiting = asyncio.create_task(pipelines.submit(0, given[2]))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await pipelines.close({0})
    async with asyncio.timeout(5):
        assert await waiting is False, "what was delivered with it is not submitted either: that would open the partition again"
    assert not any(each.acked for each in given)


async def test_closing_does_not_wait_for_a_kafka_that_does_not_answer(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = PipelineLab(kafka, "silent")
    await lab.write(*LINES)
    monkeypatch.setattr(pipeline, "_CLOSE_S", 0.2)
    begun = asyncio.Event()

    async def write_state(*_: Any) -> list[Any]:
        begun.set()
        await asyncio.sleep(60)
        return []

    async def abort(_: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(changelog, "write_state", write_state)
    monkeypatch.setattr(AIOKafkaProducer, "abort_transaction", abort)
    running = Pipeline(lab.setup)
    delivery = asyncio.create_task(lab.deliver(running))
    await begun.wait()
    async with asyncio.timeout(10):
        await running.close()
    delivery.cancel()
