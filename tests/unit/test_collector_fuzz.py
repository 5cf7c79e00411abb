"""A short part of the long run (`python -m tests.fuzz`): malformed requests of every dialect, the same each time."""

import pytest

from tests.fuzz.judge import fuzz
from tests.fuzz.seeds import SEEDS


@pytest.mark.parametrize("dialect", SEEDS)
async def test_malformed_requests_break_nothing_and_lose_no_good_event(dialect: str) -> None:
    counts = await fuzz(dialect, 400)
    assert counts["good events"] > 200
    assert counts["rejected events"] > 100
    assert {"200", "400", "401", "404", "408"} <= counts.keys()


async def test_all_the_seeds_are_good() -> None:
    """Else the malformed ones would be refused for something else."""
    from tests.asgi_lab import collector

    async with collector() as lab:
        for name, seed in SEEDS.items():
            events = seed.events("m")
            reply = await lab.ask("POST", f"{seed.batch}?{seed.query}", seed.wrap(events), {"X-Write-Key": "wk"})
            assert (reply.status, reply.json["accepted"], reply.json["rejected"]) == (200, len(events), []), name
            assert {seed.mark_of(line) for line in lab.taken()[-len(events) :]} == {"m"}
