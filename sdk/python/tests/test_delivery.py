"""What becomes of events when the collector is away, refuses, or the program ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_collector import FakeCollector, Reply

from cartwake import Client, NotSent, Refused, Rejected

MakeClient = Callable[..., Client]
SRC = Path(__file__).parent.parent / "src"


def events(messages: list[dict[str, Any]]) -> list[str]:
    return [message["event"] for message in messages]


def test_an_outage_loses_nothing_and_doubles_nothing(collector: FakeCollector, make_client: MakeClient) -> None:
    collector.replies = [Reply(503), Reply(500), Reply(429), Reply(408), Reply(302, headers={"Location": "/"})]
    client = make_client()
    ids = [client.track(f"e{n}", user_id="ana") for n in range(5)]
    assert client.flush(5)
    assert events(collector.stored) == [f"e{n}" for n in range(5)]
    assert len(collector.requests) == 6
    assert all([message["messageId"] for message in request["batch"]] == ids for request in collector.requests)


def test_sent_at_is_the_time_of_each_try(collector: FakeCollector, make_client: MakeClient) -> None:
    collector.replies = [Reply(503), Reply(503)]
    client = make_client()
    client.track("e", user_id="ana")
    assert client.flush(5)
    assert len({request["sentAt"] for request in collector.requests}) == 3


def test_nobody_listening_is_an_outage_too(make_client: MakeClient) -> None:
    late = FakeCollector()
    late.close()
    client = Client("k", late.url, retry_base_s=0.02, flush_interval_s=0.02)
    client.track("e", user_id="ana")
    assert not client.flush(0.3)
    assert client.dropped == 0
    client.close(0)
    assert client.dropped == 1


def test_retry_after_is_a_minimum(collector: FakeCollector, make_client: MakeClient) -> None:
    collector.replies = [Reply(429, headers={"Retry-After": "1"})]
    client = make_client()
    client.track("e", user_id="ana")
    collector.wait_for_requests(1)
    started = time.monotonic()
    assert client.flush(5)
    assert time.monotonic() - started > 0.8


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_final_refusal_is_told_and_not_tried_again(status: int, collector: FakeCollector, make_client: MakeClient) -> None:
    told: list[tuple[NotSent, list[dict[str, Any]]]] = []
    collector.replies = [Reply(status)]
    client = make_client(on_error=lambda error, lost: told.append((error, lost)))
    client.track("gone", user_id="ana")
    assert client.flush(5)
    client.track("next", user_id="ana")
    assert client.flush(5)
    assert events(collector.stored) == ["next"]
    [(error, lost)] = told
    assert isinstance(error, Refused) and (error.status, error.code) == (status, "test")
    assert events(lost) == ["gone"]
    assert client.dropped == 1


def test_a_200_that_is_not_the_collectors_is_no_answer(collector: FakeCollector, make_client: MakeClient) -> None:
    collector.replies = [Reply(200, b"<html>sign in</html>"), Reply(200, b"[]"), Reply(204, b"")]
    client = make_client()
    client.track("e", user_id="ana")
    assert client.flush(5)
    assert len(collector.requests) == 4


def test_rejected_events_are_named(collector: FakeCollector, make_client: MakeClient) -> None:
    told: list[Rejected] = []
    body = b'{"success":true,"accepted":1,"rejected":[{"index":1,"id":"x","code":"bad_value","message":"price: no"},{"index":99},null]}'
    collector.replies = [Reply(200, body)]
    client = make_client(on_rejected=told.extend)
    client.track("good", user_id="ana")
    client.track("bad", user_id="ana")
    assert client.flush(5)
    assert [(rejected.message["event"], rejected.code, rejected.reason) for rejected in told] == [("bad", "bad_value", "price: no")]


def test_a_callback_that_fails_does_not_stop_the_sending(collector: FakeCollector, make_client: MakeClient) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the shop's own mistake")

    collector.replies = [Reply(400)]
    client = make_client(on_error=fail)
    client.track("a", user_id="ana")
    assert client.flush(5)
    client.track("b", user_id="ana")
    assert client.flush(5)
    assert events(collector.stored) == ["b"]


def test_a_full_queue_drops_the_oldest_and_says_so(collector: FakeCollector, make_client: MakeClient) -> None:
    lost: list[str] = []
    collector.usual = Reply(503)
    client = make_client(max_queue_events=3, retry_base_s=5.0, on_error=lambda _, messages: lost.extend(events(messages)))
    client.track("in flight", user_id="ana")
    collector.wait_for_requests(1)
    for n in range(5):
        client.track(f"e{n}", user_id="ana")
    assert lost == ["e0", "e1"] and client.dropped == 2
    collector.usual = Reply()
    assert client.close(5)  # the end waits for no back-off
    assert events(collector.stored) == ["in flight", "e2", "e3", "e4"]


def test_batches_keep_to_their_limits_and_the_order(collector: FakeCollector, make_client: MakeClient) -> None:
    client = make_client(max_batch_bytes=50_000, flush_interval_s=0.2)
    for n in range(20):
        client.track(f"e{n}", {"text": "x" * 9_000}, user_id="ana")
    for n in range(20, 1200):
        client.track(f"e{n}", user_id="ana")
    assert client.flush(10)
    assert events(collector.stored) == [f"e{n}" for n in range(1200)]
    assert max(int(headers["Content-Length"]) for headers in collector.headers) <= 50_000
    assert max(len(request["batch"]) for request in collector.requests) <= 500


def test_an_event_that_is_too_large_is_told_at_once(make_client: MakeClient) -> None:
    told: list[str] = []
    client = make_client(on_error=lambda error, _: told.append(str(error)))
    client.track("huge", {"text": "x" * 40_000}, user_id="ana")
    assert told == ["larger than 32768 bytes"]


def test_gzip_and_extra_headers(collector: FakeCollector, make_client: MakeClient) -> None:
    client = make_client(gzip=True, headers={"X-Shop": "1"})
    client.track("e", user_id="ana")
    assert client.flush(5)
    assert collector.headers[0]["Content-Encoding"] == "gzip" and collector.headers[0]["X-Shop"] == "1"
    assert collector.requests[0]["writeKey"] == "k"


def test_after_the_end_events_are_reported(make_client: MakeClient) -> None:
    told: list[str] = []
    client = make_client(on_error=lambda error, _: told.append(str(error)))
    with client:
        client.track("in time", user_id="ana")
    client.track("late", user_id="ana")
    assert told == ["the client is closed"]


def run_program(code: str, url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(SRC), "COLLECTOR": url}
    head = "import os, cartwake\ncartwake.init('k', os.environ['COLLECTOR'], flush_interval_s=30.0, retry_base_s=0.05)\n"
    subprocess.run([sys.executable, "-c", head + code], env=environment, check=True, timeout=30)


def test_the_end_of_the_program_flushes_also_over_a_short_outage(collector: FakeCollector) -> None:
    collector.replies = [Reply(503), Reply(503)]
    run_program("for n in range(3): cartwake.track(f'e{n}', user_id='ana')", collector.url)
    assert events(collector.stored) == ["e0", "e1", "e2"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_sends_its_own_events_and_only_those(collector: FakeCollector) -> None:
    code = """
cartwake.track("parent before", user_id="ana")
pid = os.fork()
if pid == 0:
    cartwake.track("child", user_id="ana")
    assert cartwake.flush(10)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
cartwake.track("parent after", user_id="ana")
"""
    run_program(code, collector.url)
    assert sorted(events(collector.stored)) == ["child", "parent after", "parent before"]
