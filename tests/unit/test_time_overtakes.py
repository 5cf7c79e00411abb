"""Time overtakes no event: however partitions lag and die, the same triggers fire, are sent, kept back or taken back."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from streams.memory import MemoryStream
from tests.unit.reference_stories import ENDS_MS, arrivals, at_once, delivered, stories


def told(stream: MemoryStream) -> set[tuple[str, str, str, int]]:
    """What the shop is told, and what is taken back; who has which trigger may be known later where partitions lag."""
    return {(row["trigger_id"], row["status"], row["decision"], row["fired_at_ms"]) for row in stream.rows["triggers"]}


@settings(deadline=None, derandomize=True, database=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(stories(prompt=True), st.sampled_from([1, 3, 4]), st.sampled_from(ENDS_MS), st.integers(0, 1 << 32))
def test_lag_fires_nothing_too_early(made: list[Collected], partitions: int, end_ms: int, seed: int) -> None:
    random = Random(seed)
    sent = arrivals(made, random)
    lagging, prompt = delivered(sent, partitions, random, [end_ms]), at_once(sent, partitions, [end_ms])
    assert told(lagging) == told(prompt)
