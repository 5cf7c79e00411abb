"""What a simulated lane's views must say, worked out from what really happened: no SQL, and none of the stream's code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import orjson

from simulator.faults import Arrival
from simulator.happening import Happening
from simulator.truth import QUIET
from simulator.truth_persons import Persons
from tests.views_lab import DAY_MS, Simulated

PAGES = {"page_view", "screen_view"}
IDLE_MS = 30 * 60_000


class Told(NamedTuple):
    """A clean event: what happened, to whom in the end, whether it came too late, and the campaign that it named."""

    at_ms: int
    person: str
    late: bool
    campaign: tuple[str, ...]
    happening: Happening


class Stay(NamedTuple):
    """A visit: what one person did on one device."""

    person: str
    channel: str
    device_type: str
    events: list[Told]


def told(made: Simulated) -> list[Told]:
    """Every event that the collector took, once, in order of time."""
    first: dict[str, Arrival] = {}
    for arrival in made.arrivals:
        if not arrival.rejected:
            first.setdefault(arrival.happening.message_id, arrival)
    persons = Persons([arrival.happening for arrival in first.values()])
    found = []
    for arrival in first.values():
        happening = arrival.happening
        campaign = orjson.loads(arrival.body)["context"].get("campaign", {})
        late = arrival.arrival_ms - happening.at_ms > 7 * DAY_MS
        named = tuple(campaign.get(part, "") for part in ("source", "medium", "name"))
        found.append(Told(happening.at_ms, persons.of(happening), late, named, happening))
    return sorted(found, key=lambda one: (one.at_ms, one.happening.message_id))


def stays(events: Iterable[Told]) -> list[Stay]:
    """Visits, from the events that moved something."""
    found: list[Stay] = []
    latest: dict[tuple[str, str], Stay] = {}
    for one in events:
        device = one.happening.device
        if one.late or one.happening.event in QUIET:
            continue
        stay = latest.get((one.person, device.id))
        if stay is None or _parted(stay, one):
            stay = latest[one.person, device.id] = Stay(one.person, one.happening.channel, device.kind, [])
            found.append(stay)
        stay.events.append(one)
    return found


def _parted(stay: Stay, one: Told) -> bool:
    first, last = stay.events[0], stay.events[-1]
    other_campaign = any(one.campaign) and one.campaign != first.campaign
    return one.at_ms - last.at_ms >= IDLE_MS or one.at_ms - first.at_ms >= DAY_MS or other_campaign


def day_of(at_ms: int, zone: str = "UTC") -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)).date()


def by_person(events: Iterable[Told]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = defaultdict(list)
    for one in events:
        found[one.person].append(one)
    return found
