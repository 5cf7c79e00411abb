"""The visits of a person's devices, each being the list of its events."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from schemas.collected import Collected
from streams.logic.policy import Policy
from tests.unit.reference_events import Fact


class Visit(NamedTuple):
    """A session as its row has it; times in epoch ms."""

    device_id: str
    started_ms: int
    ended_ms: int
    events: int
    page_views: int
    interactions: int
    bounce: bool
    channel: str
    campaign: tuple[str, str, str]
    device_type: str
    entry_url: str


def visits_of(facts: list[Fact], policy: Policy) -> list[Visit]:
    """All visits of one person; a visit is one device's."""
    devices: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.active and fact.event.device_id:
            devices[fact.event.device_id].append(fact)
    return [_visit(part) for own in devices.values() for part in _parts(own, policy)]


def _parts(facts: list[Fact], policy: Policy) -> list[list[Fact]]:
    parts: list[list[Fact]] = []
    for fact in facts:
        if not parts or _begins(fact, parts[-1], policy):
            parts.append([])
        parts[-1].append(fact)
    return parts


def _begins(fact: Fact, part: list[Fact], policy: Policy) -> bool:
    """30 idle minutes, 24 hours since its start, or a campaign that it did not begin with."""
    new_campaign = any(_campaign(fact.event)) and _campaign(fact.event) != _campaign(part[0].event)
    too_long = fact.at_ms - part[0].at_ms >= policy.session_max_ms
    return new_campaign or too_long or fact.at_ms - part[-1].at_ms >= policy.session_idle_ms


def _campaign(event: Collected) -> tuple[str, str, str]:
    return (event.campaign_source, event.campaign_medium, event.campaign_name)


def _visit(part: list[Fact]) -> Visit:
    first = part[0].event
    page_views = sum(fact.event.event in ("page_view", "screen_view") for fact in part)
    return Visit(
        device_id=first.device_id,
        started_ms=part[0].at_ms,
        ended_ms=part[-1].at_ms,
        events=len(part),
        page_views=page_views,
        interactions=len(part) - page_views,
        bounce=page_views <= 1 and page_views == len(part),
        channel=first.channel,
        campaign=_campaign(first),
        device_type=first.device_type,
        entry_url=first.page_url,
    )
