"""Malformed requests of every dialect over real sockets: the process lives, never says 500, and every good event is on its disk."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import msgspec

from collector.spill.segment import SUFFIX, entry_of
from schemas.collected import Collected
from tests.fuzz.requests import request
from tests.fuzz.seeds import SEEDS
from tests.fuzz.wire import spoiled, talk, wired
from tests.service.collector_lab import collector_on

REQUESTS = 60  # of each dialect
NO_KAFKA = "127.0.0.1:1"


async def test_malformed_requests_over_sockets(tmp_path: Path) -> None:
    with collector_on(NO_KAFKA, tmp_path, write_keys={"wk": "web"}) as collector:
        port = collector.settings.collector_port
        marks: dict[str, set[str]] = {}
        statuses = set()
        for dialect in SEEDS:
            rng = Random(dialect)
            marks[dialect] = set()
            for number in range(REQUESTS):
                asked = request(rng, dialect, number)
                statuses.add(status := await talk(port, wired(asked)))
                assert status and status < 500, asked
                if asked.marks:
                    assert status == 200, asked
                    marks[dialect] |= asked.marks
                status = await talk(port, spoiled(rng, wired(asked)), ends=True)
                assert status < 500, asked
        assert {200, 400, 401, 404} <= statuses
        assert (await collector.ask("GET", "/healthz")).status == 200
        assert await asyncio.to_thread(collector.end) == 0
    stored = spilled(tmp_path / "spill")
    for dialect, seed in SEEDS.items():
        assert marks[dialect] and marks[dialect] <= {seed.mark_of(line) for line in stored}


def spilled(folder: Path) -> list[Collected]:
    rows = [row for path in folder.glob(f"*{SUFFIX}") for row in path.read_bytes().splitlines()]
    entries = [entry for row in rows if (entry := entry_of(row))]
    return [msgspec.json.decode(entry.line, type=Collected) for entry in entries if entry.topic == "events"]
