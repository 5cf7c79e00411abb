"""The published clients of every dialect, unmodified, over an outage: the real collector has everything once when it is over.

Each client is a program of its own in `tests/clients`. On its way lies a relay that fails its first requests: 503, a broken connection, an
answer that is lost. Where a client gives up by itself, what it can keep is what is asked of it. The stream's own de-duplication judges.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.local.testing import local_kafka
from tests.service.collector_lab import Collector, collector_on, lines_of, make_lane
from tests.service.relay import Fault, Relay, judged
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)
CLIENTS = Path(__file__).resolve().parents[1] / "clients"
COUNT = 10
ALL = (Fault.BUSY, Fault.AWAY, Fault.UNHEARD)
EVERYTHING = frozenset(range(COUNT))


@dataclass(frozen=True)
class Case:
    """A client, what goes wrong, and the numbers of the events that it still delivers."""

    program: str
    mode: str = ""
    faults: tuple[Fault, ...] = ALL
    delivered: frozenset[int] = EVERYTHING
    secret: str = ""  # what the client wants behind the write key

    @property
    def key(self) -> str:
        return f"{self.program.replace('.', '-')}{self.mode and '-' + self.mode}"


CASES = [
    Case("segment_client.py"),
    Case("segment.mjs"),
    Case("rudder_client.py"),
    Case("rudder.mjs"),
    Case("posthog_client.py"),
    Case("posthog_client.py", "v1"),
    Case("posthog.mjs"),
    Case("snowplow_client.py"),
    Case("snowplow_client.py", "get"),
    Case("snowplow.mjs"),
    Case("ga4_client.py"),
    Case("cloudevents_client.py", "structured"),
    Case("cloudevents_client.py", "binary"),
    Case("cloudevents_client.py", "batch"),
    # Jitsu's client never repeats a request: of three that fail, the event whose answer was lost is the one that arrived.
    Case("jitsu.mjs", delivered=EVERYTHING - {0, 1}, secret=":secret"),
]


@dataclass
class Outcome:
    """How a client ended."""

    code: int
    output: str
    relay: Relay


def _run(case: Case, collector: Collector) -> Outcome:
    with Relay(collector.settings.collector_port, case.faults) as relay:
        return _run_behind(relay, case)


def _run_behind(relay: Relay, case: Case, key: str = "") -> Outcome:
    runtime = sys.executable if case.program.endswith(".py") else shutil.which("node")
    assert runtime
    command = [runtime, str(CLIENTS / case.program), relay.url, (key or case.key) + case.secret, str(COUNT), case.mode]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, env={**os.environ})
    return Outcome(ended.returncode, ended.stdout, relay)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    keys = {case.key: "web" for case in CASES}
    with (
        local_kafka(tmp_path_factory.mktemp("kafka")) as kafka,
        collector_on(kafka.bootstrap, tmp_path_factory.mktemp("data"), write_keys=keys) as found,
    ):
        make_lane(found.settings, "live")
        yield found


@pytest.fixture(scope="module")
def outcomes(collector: Collector, request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Outcome]]]:
    """All clients that are asked for, a few at a time: most of their time they wait to try again."""
    here = [item for item in request.session.items if item.path == request.path and isinstance(item, pytest.Function)]
    asked = [case for item in here if hasattr(item, "callspec") and isinstance(case := item.callspec.params["case"], Case)]
    with ThreadPoolExecutor(4) as pool:
        yield {case.key: pool.submit(_run, case, collector) for case in asked if _can_run(case)}


def _can_run(case: Case) -> bool:
    return case.program.endswith(".py") or (shutil.which("node") is not None and (CLIENTS / "node_modules").is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
async def test_everything_arrives_once(case: Case, collector: Collector, outcomes: dict[str, Future[Outcome]]) -> None:
    if case.key not in outcomes:
        assert os.environ.get("CI") != "true", "node or its packages are missing: make clients"
        pytest.skip("node or the clients' packages are missing: make clients")
    outcome = await asyncio.to_thread(outcomes[case.key].result)
    assert outcome.code == 0, outcome.output
    assert not outcome.relay.faults, "the client ended before the outage did"
    assert set(outcome.relay.statuses) == {200}, outcome.relay.errors
    stored, new = judged(await lines_of(collector.settings.kafka_bootstrap, "live"), case.key)
    assert sorted(found.items[0].product_id for found in new) == [f"p{number}" for number in sorted(case.delivered)], outcome.output
    assert stored > len(new) or Fault.UNHEARD not in case.faults or case.delivered != EVERYTHING
    assert {(found.event, str(found.items[0].price), found.currency) for found in new} == {("add_to_cart", "2.5", "EUR")}
    assert all(found.event_raw and (found.user_id or found.device_id) for found in new)


PATIENT = [Case(program, faults=()) for program in ("segment_client.py", "rudder_client.py", "posthog_client.py", "snowplow_client.py")]


async def test_a_collector_that_is_killed_and_comes_back(collector: Collector, tmp_path: Path) -> None:
    """No relay invents anything here: the process is gone, and another takes its place."""
    bootstrap, keys = collector.settings.kafka_bootstrap, {f"{case.key}-again": "web" for case in PATIENT}
    with collector_on(bootstrap, tmp_path, write_keys=keys) as first, ExitStack() as stack:
        port = first.settings.collector_port
        first.end(signal.SIGKILL)
        relays = [stack.enter_context(Relay(port, ())) for _ in PATIENT]
        pool = stack.enter_context(ThreadPoolExecutor(len(PATIENT)))
        running = [pool.submit(_run_behind, relay, case, f"{case.key}-again") for relay, case in zip(relays, PATIENT, strict=True)]
        await eventually(lambda: all(relay.turned_away for relay in relays), within_s=60, what="every client has found nobody")
        with collector_on(bootstrap, tmp_path, write_keys=keys, collector_port=port):
            ended = [await asyncio.wrap_future(each) for each in running]
        assert [each.code for each in ended] == [0] * len(PATIENT), [each.output for each in ended]
    lines = await lines_of(bootstrap, "live")
    for key in keys:
        stored, new = judged(lines, key)
        assert (stored, sorted(found.items[0].product_id for found in new)) == (COUNT, [f"p{number}" for number in range(COUNT)])
