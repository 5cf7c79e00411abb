"""What came already is known for 48 hours, across restarts, in bounded memory; an id used for another event is told apart."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.context import Visitor
from collector.intake import take
from collector.steps import Envelope
from schemas.collected import Collected
from streams.logic.dedup import CHUNK, Dedup, Verdict, content_of
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SHOE, T0, collected

WINDOW = 48 * HOUR
START = T0 // HOUR * HOUR
MOST = 100_000
encode = msgspec.json.encode


class Log(dict[bytes, bytes]):
    """A changelog, compacted as Kafka's; `new` judges an event, `end` ends a batch, `restart` restores from it."""

    def __init__(self, max_ids: int = MOST) -> None:
        self.max_ids = max_ids
        self.dedup = Dedup(WINDOW, max_ids)

    def judge(self, message_id: str, at_ms: int = START, content: int = 1, write_key: str = "k") -> Verdict:
        return self.dedup.judge(write_key, message_id, at_ms, content)

    def new(self, message_id: str, at_ms: int = START, write_key: str = "k") -> bool:
        return self.judge(message_id, at_ms, write_key=write_key) is Verdict.NEW

    def end(self) -> dict[bytes, bytes | None]:
        changes = self.dedup.changes()
        for key, value in changes.items():
            if value is None:
                del self[key]
            else:
                self[key] = value
        return changes

    def restart(self, order: Iterable[bytes] = ()) -> None:
        self.dedup = Dedup(WINDOW, self.max_ids)
        for key in order or self:
            self.dedup.load(key, self[key])
        self.dedup.restored()


def test_the_second_of_a_pair_is_known_and_other_pairs_are_not() -> None:
    log = Log()
    assert log.new("m")
    assert log.judge("m") is Verdict.DUPLICATE
    assert log.new("m2")
    assert log.new("m", write_key="k2")


def test_key_and_id_do_not_run_into_each_other() -> None:
    log = Log()
    assert log.new("c", write_key="ab")
    assert log.new("bc", write_key="a")


def test_an_id_with_another_content_is_told_and_each_content_is_known_from_then_on() -> None:
    log = Log()
    assert [log.judge("m", content=content) for content in (1, 2, 1, 2, 3, 3)] == [
        Verdict.NEW,
        Verdict.REUSED,
        Verdict.DUPLICATE,
        Verdict.DUPLICATE,
        Verdict.REUSED,
        Verdict.DUPLICATE,
    ]
    log.end()
    log.restart()
    assert [log.judge("m", content=content) for content in (3, 1, 4)] == [Verdict.DUPLICATE, Verdict.DUPLICATE, Verdict.REUSED]


def test_an_id_that_comes_again_after_the_window_is_new_whatever_its_content() -> None:
    log = Log()
    assert log.judge("m", START, 1) is Verdict.NEW
    assert log.judge("m", START + 49 * HOUR, 2) is Verdict.NEW


def test_the_window_counts_from_the_first_and_not_from_the_last_copy() -> None:
    log = Log()
    assert log.new("m")
    assert not any(log.new("m", START + hour * HOUR) for hour in (10, 20, 30, 40, 48))
    assert log.new("m", START + 49 * HOUR)
    assert not log.new("m", START + 60 * HOUR)


def test_a_copy_with_an_earlier_time_is_a_copy() -> None:
    log = Log()
    assert log.new("m", START + 5 * HOUR)
    assert not log.new("m", START)


def test_one_event_with_a_wrong_time_of_reception_costs_no_other_its_memory() -> None:
    log = Log()
    assert all(log.new(f"m{number}") for number in range(500))
    log.end()
    for number in range(7, 500, 50):  # whichever bucket they come to, and however full it is
        assert log.new(f"from 2050 {number}", START + 9000 * DAY)
        log.end()
        assert not any(log.new(f"m{each}") for each in range(500))
        assert log.new(f"later {number}")
        log.end()
    log.restart()
    assert not any(log.new(f"m{number}") for number in range(500))


@pytest.mark.parametrize("batch", [1, 7, CHUNK - 1, CHUNK, 1000])
def test_a_restore_knows_what_was_known_in_few_entries(batch: int) -> None:
    log, events = Log(), 2000
    for number in range(events):
        assert log.new(f"m{number}", START + number * MINUTE)
        if number % batch == batch - 1:
            log.end()
    log.end()
    assert len(log) <= events / min(max(batch, CHUNK), events) + 1
    log.restart(reversed(list(log)))
    assert len(log.dedup) == events
    assert not any(log.new(f"m{number}", START + number * MINUTE) for number in range(events))


def test_a_batch_without_new_ids_changes_nothing() -> None:
    log = Log()
    log.new("m")
    log.end()
    assert not log.new("m")
    assert log.end() == {}


def test_what_has_passed_leaves_memory_and_changelog() -> None:
    log = Log()
    for minute in range(2000 * 60):
        log.new(f"m{minute}", START + minute * MINUTE)
        if minute % 10 == 0:
            log.end()
    log.end()
    wanted = 48 * 60
    assert wanted <= len(log.dedup) < 1.5 * wanted
    assert wanted <= sum(map(len, log.values())) / 16 < 1.5 * wanted
    log.restart()
    assert log.judge("m119999", START + 119_999 * MINUTE) is Verdict.DUPLICATE


def test_beyond_the_most_the_oldest_go_and_are_counted() -> None:
    most, events = 5_000, 20_000
    log = Log(most)
    for number in range(events):
        assert log.new(f"m{number}")
        if number % 100 == 0:
            log.end()
    log.end()
    kept = len(log.dedup)
    assert 0.75 * most < kept <= most
    assert log.dedup.forgotten() == events - kept and log.dedup.forgotten() == 0
    assert sum(map(len, log.values())) <= 16 * most
    recent = range(events - most // 2, events)
    assert not any(log.new(f"m{number}") for number in recent)
    log.restart()
    assert not any(log.new(f"m{number}") for number in recent)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)), max_size=60), st.sets(st.integers(0, 60)))
def test_with_restarts_anywhere_each_id_is_new_once_in_the_window(arrivals: list[tuple[int, int]], restarts: set[int]) -> None:
    log = Log()
    now_hour, since = 0, dict[int, int]()
    for number, (name, hours) in enumerate(arrivals):
        now_hour += hours // 10
        expected = name not in since or now_hour - since[name] > 48
        assert log.new(str(name), START + now_hour * HOUR) == expected
        if expected:
            since[name] = now_hour
        log.end()
        if number in restarts:
            log.restart()


EVENT = collected("add_to_cart", T0, "m", items=(SHOE,), cart_id="c", props={"a": {"received_at_ms": 5, "b": ',"received_at_ms":'}})
SENT_AGAIN = {
    "received_at_ms": T0 + HOUR,
    "sent_at_ms": T0 + HOUR,
    "source": "app",
    "channel": "search",
    "device_type": "mobile",
    "user_agent": "another version",
    "browser": "Firefox",
    "os": "Linux",
    "bot": "a bot",
    "ip": "8.8.4.0/24",
    "ip_country": "AT",
    "region": "Tyrol",
    "city": "Hall",
}


def test_what_the_collector_adds_is_no_content_and_everything_else_is() -> None:
    content = content_of(encode(EVENT))
    assert content_of(encode(msgspec.structs.replace(EVENT, **SENT_AGAIN))) == content
    others = {
        **dict.fromkeys(EVENT.__struct_fields__, "x"),
        **dict.fromkeys(("items", "cart_items"), ()),
        **dict.fromkeys(("value", "checkout_step", "rating", "client_at_ms"), 1),
        "props": {"a": {"received_at_ms": 6}},
    }
    for name, value in others.items():
        if name not in SENT_AGAIN:
            assert content_of(encode(msgspec.structs.replace(EVENT, **{name: value}))) != content, name


def test_a_line_that_the_collector_did_not_write_has_a_content_too() -> None:
    assert content_of(b'{"a": 1}') != content_of(b'{"a": 2}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"track","event":"add_to_cart","messageId":"m","anonymousId":"d","timestamp":"2023-11-14T22:13:20Z","properties":{"items":[{"product_id":"p","quantity":2}],"colour":"red"}}',
        b'{"type":"page","name":"Home","messageId":"m","anonymousId":"d","context":{"page":{"url":"https://s.example/?utm_source=x"}}}',
        b'{"type":"identify","userId":"ann","messageId":"m","anonymousId":"d","traits":{"vip":true}}',
    ],
)
def test_a_client_that_sends_again_is_the_same_to_the_collector(body: bytes) -> None:
    """Later, from the next version of its browser, with the write key's source changed in between."""

    def line(sent_at: str, **changes: object) -> bytes:
        first = Envelope(
            write_key="k", source="web", received_at_ms=T0, max_event_bytes=9999, visitor=Visitor("Firefox 1"), sent_at=sent_at
        )
        (lines,) = take([body], msgspec.structs.replace(first, **changes), "t", 1).lines.values()
        return lines[0]

    first = line("2023-11-14T22:13:21Z")
    again = line("2023-11-15T22:13:21Z", received_at_ms=T0 + DAY, visitor=Visitor("Mozilla/5.0 (iPhone) Firefox 2"), source="app")
    assert first != again and content_of(first) == content_of(again)
    assert msgspec.json.decode(again, type=Collected).sent_at_ms
