"""Time and events in the log's order: what came in order is told once, at its moment, and never taken back."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from tests.unit.reference_rows import reference, streamed
from tests.unit.reference_stories import ENDS_MS, POLICY, arrivals, at_once, stories


@settings(deadline=None, derandomize=True, database=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(stories(prompt=True), st.sampled_from([1, 4]), st.sampled_from(ENDS_MS), st.integers(0, 1 << 32))
def test_what_came_in_order_is_told_once_and_never_taken_back(made: list[Collected], partitions: int, end_ms: int, seed: int) -> None:
    expected = reference(made, POLICY, end_ms + 3)
    stream = at_once(arrivals(made, Random(seed)), partitions, [end_ms])
    written = stream.rows["triggers"]
    assert {(row["status"], row["decision"]) for row in written} <= {("fired", "send")}
    assert streamed(stream)["triggers"] == expected["triggers"]
    assert len({row["trigger_id"] for row in written if row["version"] == 1}) == len(expected["triggers"])
