"""A partition's clock: as far as the slowest partition, told once the backlog is done, and never lost."""

from __future__ import annotations

import msgspec
import pytest

from schemas.journeys import Kind, Merge, Says, Tick
from schemas.rows import ClockRow
from streams.logic import journey as module
from streams.logic import stored
from streams.logic.journey import Journey
from streams.logic.output import Output
from streams.logic.policy import Policy
from tests.unit.stream_lab import DAY, POLICY, SHOE, T0, clean_event

encode = msgspec.json.encode


def apply(stage: Journey, *lines: msgspec.Struct, kind: Kind = Kind.TICK) -> tuple[Output, bool]:
    out = Output(stage.policy.partitions)
    if lines:
        stage.on_record(kind, b"\n".join(map(encode, lines)), out)
    return out, stage.flush(out)


def told(out: Output) -> list[int]:
    found = [line for (topic, _), lines in out.lines.items() if topic == "clocks" for _, line in lines]
    return [msgspec.json.decode(line, type=ClockRow).now_at_ms for line in found]


def relayed(out: Output) -> list[Tick]:
    found = [line for (topic, _), lines in out.lines.items() if topic == "journeys" for kind, line in lines if kind == Kind.TICK]
    return [msgspec.json.decode(line, type=Tick) for line in found]


def both(now_ms: int) -> tuple[Tick, Tick]:
    """What the only partition of a lane hears: the tick, and itself."""
    return Tick(now_ms=now_ms), Tick(now_ms=now_ms, says=Says.PASSED)


def lab(partitions: int) -> list[Journey]:
    """The stages of all partitions."""
    found = [Journey(Policy(lane="t", partitions=partitions)) for _ in range(partitions)]
    for partition, stage in enumerate(found):
        stage.partition = partition
    return found


def test_time_is_as_far_as_the_slowest_partition_has_come() -> None:
    keeper, other = lab(2)
    out, _ = apply(keeper, Tick(now_ms=T0 + 5, source=0))
    assert relayed(out) == [] and told(out) == []
    out, _ = apply(keeper, Tick(now_ms=T0 + 3, source=1))
    asked, own = relayed(out)
    assert (own, asked) == (Tick(now_ms=T0 + 3, says=Says.PASSED), Tick(now_ms=T0 + 3, says=Says.FED)) and told(out) == []
    out, _ = apply(other, asked)
    assert relayed(out) == [Tick(now_ms=T0 + 3, source=1, says=Says.PASSED)] and told(out) == [] and list(out.lines) == [("journeys", 0)]
    out, _ = apply(keeper, own, *relayed(out))
    assert relayed(out) == [Tick(now_ms=T0 + 3, says=Says.CLOCK)] and told(out) == [T0 + 3]
    out, _ = apply(other, *relayed(out))
    assert relayed(out) == [] and told(out) == [T0 + 3]


def test_time_never_goes_back() -> None:
    stage = Journey(POLICY)
    apply(stage, *both(T0))
    out, _ = apply(stage, *both(T0 - 9))
    assert stage.clock_ms == T0 and told(out) == [] and relayed(out) == []
    keeper, other = lab(2)
    for says in (Says.FED, Says.CLOCK):
        apply(other, Tick(now_ms=T0, says=says))
        out, _ = apply(other, Tick(now_ms=T0 - 9, says=says))
        assert told(out) == [] and relayed(out) == []
    assert (keeper.clock_ms, other.clock_ms) == (0, T0)


def test_a_partition_that_is_not_there_moves_nothing() -> None:
    keeper, _ = lab(2)
    out, _ = apply(keeper, *(Tick(now_ms=T0, source=source, says=says) for source in (-1, 2, 9) for says in (Says.TOLD, Says.PASSED)))
    assert relayed(out) == [] and keeper.clock_ms == 0


@pytest.mark.parametrize("lost", range(4))
def test_a_partition_that_is_restored_goes_on_with_the_round(lost: int) -> None:
    """Each step of a round, with every stage lost and restored behind it."""
    stages, state = lab(3), [dict[bytes, bytes | None]() for _ in range(3)]
    waiting: list[tuple[int, Tick]] = [(0, Tick(now_ms=T0 + source, source=source)) for source in range(3)]
    said: list[Tick] = []
    for step in range(4):
        now, waiting = waiting, []
        for target, tick in now:
            out, _ = apply(stages[target], tick)
            state[target].update(out.changes)
            for (topic, partition), lines in out.lines.items():
                if topic == "journeys":
                    found = [msgspec.json.decode(line, type=Tick) for _, line in lines]
                    said += found
                    waiting += [(partition, each) for each in found]
        if step == lost:
            stages = [restored(changes, stage) for changes, stage in zip(state, stages, strict=True)]
    assert waiting == [] and [stage.clock_ms for stage in stages] == [T0] * 3
    assert [tick.says for tick in said] == [Says.FED] * 2 + [Says.PASSED] * 3 + [Says.CLOCK] * 2


def restored(changes: dict[bytes, bytes | None], lost: Journey | None = None) -> Journey:
    stage = Journey(lost.policy if lost else POLICY)
    stage.partition = lost.partition if lost else 0
    for key, value in changes.items():
        assert value is not None
        stage.load(key, value)
    stage.restored()
    return stage


def test_a_clock_that_moved_in_a_batch_that_was_not_finished_is_told_after_the_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DUE", 2)
    stage = Journey(POLICY)
    carts = [clean_event("add_to_cart", T0, f"m{n}", device_id=f"d{n}", person_id=f"d:d{n}", items=(SHOE,)) for n in range(5)]
    out, _ = apply(stage, *carts, kind=Kind.EVENT)
    changes = dict(out.changes)
    out, more = apply(stage, *both(T0 + DAY))
    assert more and told(out) == []
    changes.update(out.changes)
    fired = len(out.lines[("triggers", 0)])
    stage, more = restored(changes), True  # the worker died here
    while more:
        assert told(out) == []
        out, more = apply(stage)
        fired += len(out.lines[("triggers", 0)])
    assert told(out) == [T0 + DAY] and fired == 5


def test_a_new_partition_has_no_clock_to_tell() -> None:
    assert told(apply(restored({}))[0]) == []


def test_what_is_due_fires_once_and_in_order_after_a_long_pause() -> None:
    stage = Journey(POLICY)
    carts = [clean_event("add_to_cart", T0 + n, f"m{n}", device_id=f"d{n}", person_id=f"d:d{n}", items=(SHOE,)) for n in (3, 1, 2)]
    apply(stage, *carts, kind=Kind.EVENT)
    out, _ = apply(stage, *both(T0 + DAY))
    fired = [msgspec.json.decode(line)["fired_at_ms"] for _, line in out.lines[("triggers", 0)]]
    assert fired == [T0 + n + POLICY.abandon_idle_ms for n in (1, 2, 3)]
    out, _ = apply(stage, *both(T0 + 2 * DAY))
    assert ("triggers", 0) not in out.lines


def test_the_hot_persons_are_bounded_and_the_cold_ones_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HOT", 3)
    cold, hot = Journey(POLICY), Journey(POLICY)
    monkeypatch.setattr(module, "_HOT", 3)
    for n in range(40):
        event = clean_event("add_to_cart", T0 + n, f"m{n}", device_id=f"d{n % 7}", person_id=f"d:d{n % 7}", cart_id="c", items=(SHOE,))
        apply(cold, event, kind=Kind.EVENT)
        assert len(cold._hot) <= 3
    monkeypatch.setattr(module, "_HOT", 1000)
    for n in range(40):
        event = clean_event("add_to_cart", T0 + n, f"m{n}", device_id=f"d{n % 7}", person_id=f"d:d{n % 7}", cart_id="c", items=(SHOE,))
        apply(hot, event, kind=Kind.EVENT)
    assert cold.persons == hot.persons


def test_who_was_given_up_takes_no_room_among_the_hot_persons() -> None:
    stage = Journey(POLICY)
    apply(stage, clean_event("page_view", T0, "m1"), kind=Kind.EVENT)
    assert set(stage._hot) == {"d:dev"}
    apply(stage, Merge(a="d:dev", b="u:me", at_ms=T0, reason="identify"), kind=Kind.MERGE)
    assert stored.person(stage.persons["d:dev"]).merged_into == "u:me"
    assert not stage._hot


def test_a_hot_person_holds_names_that_repeat_once() -> None:
    stage = Journey(POLICY)
    for n in range(3):
        apply(stage, clean_event("page_view", T0 + n, f"m{n}", device_type="mobile"), kind=Kind.EVENT)
    journal = stage._hot["d:dev"].state.journal
    assert len(journal) == 3
    assert len({id(item.device_id) for item in journal}) == len({id(item.visit and item.visit.device_type) for item in journal}) == 1
