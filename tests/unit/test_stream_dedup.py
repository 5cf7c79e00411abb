"""What came already is known for 48 hours, across restarts, in bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from streams.logic.dedup import PREFIX, Dedup
from tests.unit.stream_lab import HOUR, MINUTE, T0

WINDOW = 48 * HOUR
START = T0 // HOUR * HOUR


class Changelog(dict[bytes, bytes]):
    """Compacted, as Kafka's."""

    def put(self, changes: dict[bytes, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def restore(self) -> Dedup:
        dedup = Dedup(WINDOW)
        for key, value in self.items():
            dedup.load(key, value)
        return dedup


def test_the_second_of_a_pair_is_known_and_other_pairs_are_not() -> None:
    dedup = Dedup(WINDOW)
    assert dedup.first_time("k", "m", START)
    assert not dedup.first_time("k", "m", START)
    assert dedup.first_time("k", "m2", START)
    assert dedup.first_time("k2", "m", START)


def test_key_and_id_do_not_run_into_each_other() -> None:
    dedup = Dedup(WINDOW)
    assert dedup.first_time("ab", "c", START)
    assert dedup.first_time("a", "bc", START)


def test_the_window_counts_from_the_first_and_not_from_the_last_copy() -> None:
    dedup = Dedup(WINDOW)
    assert dedup.first_time("k", "m", START)
    for hour in (10, 20, 30, 40, 48):
        assert not dedup.first_time("k", "m", START + hour * HOUR)
    assert dedup.first_time("k", "m", START + 49 * HOUR)
    assert not dedup.first_time("k", "m", START + 60 * HOUR)


def test_a_copy_with_an_earlier_time_is_a_copy() -> None:
    dedup = Dedup(WINDOW)
    assert dedup.first_time("k", "m", START + 5 * HOUR)
    assert not dedup.first_time("k", "m", START)


def test_a_restore_knows_what_was_known() -> None:
    log, dedup = Changelog(), Dedup(WINDOW)
    for number in range(10):
        assert dedup.first_time("k", f"m{number}", START + number * HOUR)
        log.put(dedup.changes(number))
    again = log.restore()
    assert len(again) == 10
    assert not any(again.first_time("k", f"m{number}", START + 10 * HOUR) for number in range(10))


def test_a_batch_without_new_ids_changes_nothing() -> None:
    dedup = Dedup(WINDOW)
    dedup.first_time("k", "m", START)
    dedup.changes(1)
    assert not dedup.first_time("k", "m", START)
    assert dedup.changes(2) == {}


def test_hours_that_have_passed_leave_memory_and_changelog() -> None:
    log, dedup = Changelog(), Dedup(WINDOW)
    for minute in range(0, 200 * 60, 10):
        dedup.first_time("k", f"m{minute}", START + minute * MINUTE)
        log.put(dedup.changes(minute))
    hours = {int(key[len(PREFIX) :].split(b":")[0]) for key in log}
    assert len(hours) == 49 and len(dedup) == 49 * 6
    assert len(log) == 49 * 6
    assert sum(map(len, dedup._keys.values())) == 49 * 6 and set(dedup._ids) == hours
    assert len(log.restore()) == len(dedup)


def test_an_event_from_before_the_window_leaves_nothing_behind() -> None:
    log, dedup = Changelog(), Dedup(WINDOW)
    dedup.first_time("k", "new", START + 100 * HOUR)
    dedup.first_time("k", "old", START)
    log.put(dedup.changes(1))
    assert len(log) == 1 and len(dedup) == 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)), max_size=60), st.sets(st.integers(0, 60)))
def test_with_restarts_anywhere_each_id_is_new_once_in_the_window(arrivals: list[tuple[int, int]], restarts: set[int]) -> None:
    log, dedup = Changelog(), Dedup(WINDOW)
    now_hour, since = 0, dict[int, int]()
    for number, (name, hours) in enumerate(arrivals):
        now_hour += hours // 10
        expected = name not in since or now_hour - since[name] > 48
        assert dedup.first_time("k", str(name), START + now_hour * HOUR) == expected
        if expected:
            since[name] = now_hour
        log.put(dedup.changes(number))
        if number in restarts:
            dedup = log.restore()
