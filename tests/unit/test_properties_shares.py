"""Shares over two weeks, while the journal is folded behind them: the rows are the reference's."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.collected import Collected
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.reference_rows import reference, streamed
from tests.unit.reference_stories import settle
from tests.unit.stream_lab import DAY, HOUR, T0, collected

POLICY = Policy(lane="t", partitions=2, attribution_ms=2 * DAY, lateness_ms=4 * HOUR)
HALF_DAYS = 20
END = T0 + 30 * DAY
NAMES = ["share_open", "share_open", "invite_accept", "share", "purchase", "purchase", "view_item"]


@st.composite
def weeks(draw: st.DrawFn) -> list[Collected]:
    """What two devices do now and then, up to the lateness under way, in the order of arrival. At first they may sign in, as one user.

    A later sign-in would join histories of which only the journal's part can be credited anew.
    """
    made = [collected("identify", T0, f"i{device}", device_id=device, user_id="ann") for device in draw(st.sampled_from(["", "a", "ab"]))]
    for number in range(draw(st.integers(2, 14))):
        name, at_ms = draw(st.sampled_from(NAMES)), T0 + draw(st.integers(0, HALF_DAYS)) * DAY // 2
        fields: dict[str, Any] = {"order_id": "o"} if name == "purchase" else {"share_id": f"s{number}"}
        fields |= {"device_id": draw(st.sampled_from("ab")), "received_at_ms": at_ms + draw(st.integers(0, 4)) * HOUR}
        made.append(collected(name, at_ms, f"m{number}", **fields))
    return sorted(made, key=lambda event: event.received_at_ms)


@settings(deadline=None, derandomize=True, database=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(weeks())
def test_what_the_journal_has_let_go_of_is_still_credited(made: list[Collected]) -> None:
    stream = MemoryStream(POLICY)
    for event in made:
        stream.tick(event.received_at_ms)
        stream.send([event])
        stream.run()
    settle(stream, [END])
    assert streamed(stream)["shares"] == reference(made, POLICY, END)["shares"]
