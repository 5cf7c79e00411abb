"""Random shoppers, whose times meet at the edges of all windows, and random ways of bringing their events to the stream."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as st

from schemas.collected import Collected
from schemas.items import Item
from streams.logic.policy import Policy
from streams.memory import MemoryStream
from tests.unit.stream_lab import DAY, HOUR, MINUTE, SECOND, SHOE, SOCK, T0

GRID = 10 * MINUTE  # all times are multiples of it, so that windows are met exactly
SPAN = 48  # grid steps of a story: 8 hours
RED_SHOE = Item(product_id="shoe", variant="red", quantity=3)
ITEMS = ((SHOE,), (SOCK,), (SHOE, SOCK, RED_SHOE), ())
WHOLE = (None, None, None, (), (SHOE,), (SOCK, RED_SHOE))
CART_EVENTS = ["add_to_cart", "remove_from_cart", "cart_update", "begin_checkout", "checkout_step", "add_payment_info", "payment_failed"]
NAMES = [
    *["view_item", "view_item", "page_view", "search", "consent"],
    *["add_to_cart"] * 4,
    *CART_EVENTS,
    *["purchase"] * 2,
    *["share", "share_open", "invite_accept", "group_buy_open", "group_buy_join"],
]
TILL = "till"  # the device of two users: its events arrive in order, see docs/decisions/event-time.md
POLICY = Policy(
    lane="t",
    session_idle_ms=30 * MINUTE,
    session_max_ms=40 * MINUTE,
    abandon_idle_ms=30 * MINUTE,
    attribution_ms=50 * MINUTE,
    cart_expiry_ms=5 * HOUR,
    lateness_ms=6 * HOUR,
    funnel_window_ms=4 * HOUR,
    churn_tiers_ms=(("short", 7 * HOUR), ("mid", 8 * HOUR), ("long", 10 * HOUR)),
)
ENDS_MS = [T0 + 24 * HOUR, T0 + 24 * HOUR + 30 * MINUTE, T0 + 60 * DAY]  # when a run is looked at; all has arrived by then


def policy_of(partitions: int) -> Policy:
    return msgspec.structs.replace(POLICY, partitions=partitions)


@st.composite
def stories(draw: st.DrawFn, prompt: bool = False) -> list[Collected]:
    """What up to four devices, a server and a till of two users tell of a few people, some of whom turn out to be one.

    Events arrive up to the lateness and more after they happened. `prompt`: at once, and nobody has two devices.
    """
    users = st.lists(st.sampled_from([None, "ann", "bob", "cyd"]), min_size=1, max_size=4)
    devices = draw(users.filter(_all_different) if prompt else users)
    places = st.integers(0, len(devices) - 1 if prompt else len(devices) + 1)
    made: list[Collected] = []
    for place, happened_ms, doing in draw(_doings(places)):
        number = len(made)
        if place < len(devices):
            who = _who(f"dev{place}", devices[place], draw(st.integers(0, 5)) == 0, doing)
            made.append(_event(f"m{number:02}", happened_ms, draw(_times(prompt)), doing | who))
        elif place == len(devices):
            who = {"user_id": draw(st.sampled_from(["ann", "bob"]))}  # a server tells it
            made.append(_event(f"m{number:02}", happened_ms, draw(_times(prompt)), doing | who))
        else:  # each event at a millisecond of its own
            who = {"device_id": TILL} | draw(st.sampled_from([{}, {}, {"user_id": "ann"}, {"user_id": "dan"}]))
            made.append(_event(f"m{number:02}", happened_ms + 1 + number, (0, 0), doing | who))
    return made if prompt else made + draw(_aliases())


def _all_different(users: list[str | None]) -> bool:
    named = [user for user in users if user]
    return len(set(named)) == len(named)


@st.composite
def _doings(draw: st.DrawFn, places: st.SearchStrategy[int]) -> list[tuple[int, int, dict[str, Any]]]:
    """Where, when and what: single events, and ways to the order at a steady pace."""
    found = []
    for _ in range(draw(st.integers(1, 16))):
        place, happened_ms = draw(places), T0 + draw(st.integers(0, SPAN)) * GRID
        if draw(st.integers(0, 3)):
            found.append((place, happened_ms, draw(_what(st.sampled_from(NAMES)))))
            continue
        pace_ms = draw(st.sampled_from([0, GRID, 2 * GRID, 3 * GRID, POLICY.funnel_window_ms // 3]))
        cart = {"cart_id": draw(st.sampled_from(["", "c"]))}
        for number, name in enumerate(POLICY.funnel_steps[: draw(st.integers(2, 4))]):
            found.append((place, happened_ms + number * pace_ms, draw(_what(st.just(name))) | cart))
    return found


@st.composite
def _what(draw: st.DrawFn, names: st.SearchStrategy[str]) -> dict[str, Any]:
    name = draw(names)
    fields: dict[str, Any] = {"event": name}
    if name in CART_EVENTS:
        fields |= {"items": draw(st.sampled_from(ITEMS)), "cart_items": draw(st.sampled_from(WHOLE)), "currency": "EUR"}
    if name in CART_EVENTS or name == "purchase":
        fields |= {"cart_id": draw(st.sampled_from(["", "", "c", "own"]))}
    if name == "purchase":
        fields |= {"order_id": draw(st.sampled_from(["o1", "o2"])), "value": SHOE.price, "currency": "EUR"}
    if name in ("share", "share_open", "invite_accept"):
        fields |= {"share_id": draw(st.sampled_from(["s1", "s2"]))}
    if name == "share":
        fields |= {"parent_share_id": draw(st.sampled_from(["", "", "s0"]))}
    if name in ("group_buy_open", "group_buy_join"):
        fields |= {"group_buy_id": "g"}
    if name == "page_view":
        campaign = draw(st.sampled_from(["", "", "spring", "summer"]))
        fields |= {"channel": draw(st.sampled_from(["", "search", "social"])), "campaign_name": campaign, "page_url": "https://shop/"}
    return fields


def _who(device_id: str, user: str | None, says_so: bool, doing: dict[str, Any]) -> dict[str, Any]:
    """A device that has a user signs in by any of its events, before or after the others."""
    who = {"device_id": device_id}
    if doing.get("cart_id") == "own":
        who["cart_id"] = f"of-{device_id}"
    if user is not None and says_so:
        who["user_id"] = user
    if user is not None and doing["event"] == "consent":
        who |= {"event": "identify", "user_id": user}
    return who


@st.composite
def _times(draw: st.DrawFn, prompt: bool) -> tuple[int, int]:
    """How long an event is under way, and by how much its device's clock goes wrong (ms)."""
    if prompt:
        return 0, 0
    under_way_ms = draw(st.sampled_from([0, 0, 300, GRID, HOUR, 6 * HOUR, 6 * HOUR + 1, 9 * HOUR]))
    return under_way_ms, draw(st.sampled_from([0, 0, 0, 2 * SECOND, 2 * SECOND + 1, -DAY, 400 * DAY]))


def _event(message_id: str, happened_ms: int, times: tuple[int, int], fields: dict[str, Any]) -> Collected:
    under_way_ms, wrong_ms = times
    received_ms = happened_ms + under_way_ms
    is_wrong = abs(wrong_ms) > POLICY.skew_min_ms  # else the difference may be transit, and the client is believed
    return Collected(
        message_id=message_id,
        write_key="k",
        received_at_ms=received_ms,
        client_at_ms=happened_ms - wrong_ms if is_wrong else happened_ms,
        sent_at_ms=received_ms - wrong_ms,
        **fields,
    )


@st.composite
def _aliases(draw: st.DrawFn) -> list[Collected]:
    users = st.sampled_from(["ann", "bob", "cyd", "dan", "eve"])
    made = []
    for number in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
        happened_ms = T0 + draw(st.integers(0, SPAN)) * GRID
        fields = {"event": "alias", "user_id": draw(users), "previous_id": draw(users)}
        made.append(_event(f"a{number}", happened_ms, draw(_times(False)), fields))
    return made


def in_order(made: list[Collected], ends_ms: list[int]) -> MemoryStream:
    """One partition, one event at a time, as they happened."""
    stream = MemoryStream(policy_of(1))
    for event in sorted(made, key=lambda e: (e.client_at_ms + _skew_ms(e), e.message_id)):
        stream.send([event])
        stream.run()
    settle(stream, ends_ms)
    return stream


def _skew_ms(event: Collected) -> int:
    skew_ms = event.received_at_ms - event.sent_at_ms
    return skew_ms if abs(skew_ms) > POLICY.skew_min_ms else 0


def settle(stream: MemoryStream, ends_ms: list[int]) -> None:
    """Time comes to each of these; four rounds carry what merges forward (docs/contracts.md, Draining a lane)."""
    for end_ms in ends_ms:
        for extra_ms in range(4):
            stream.run()
            stream.tick(end_ms + extra_ms)
        stream.run()


def arrivals(made: list[Collected], random: Random) -> list[list[Collected] | int]:
    """What the stream is sent: requests of one or more events in the order of reception, copies among them, and time in between."""
    copies = random.sample(made, random.randint(0, len(made) // 2))
    again = [msgspec.structs.replace(event, received_at_ms=event.received_at_ms + random.choice([0, 1, HOUR])) for event in copies]
    waiting = sorted([*made, *again], key=lambda event: event.received_at_ms)  # a copy behind its original
    found: list[list[Collected] | int] = []
    while waiting:
        size = random.randint(1, 5)
        found.append(waiting[:size])
        del waiting[:size]
        if waiting and random.random() < 0.3:
            found.append(waiting[0].received_at_ms)  # all that was received before has been sent
    return found


def delivered(sent: list[list[Collected] | int], partitions: int, random: Random, ends_ms: list[int]) -> MemoryStream:
    """Any batches, stages that die, partitions that lag."""
    stream = MemoryStream(policy_of(partitions))
    for each in sent:
        stream.tick(each) if isinstance(each, int) else stream.send(each)
        for _ in range(random.randint(0, 4)):
            stream.step(random.choice(["identify", "journey"]), random.randrange(partitions), random.randint(1, 8))
        if random.random() < 0.2:
            stream.restart(random.choice(["identify", "journey"]), random.randrange(partitions))
        if random.random() < 0.3:
            stream.run(random.randint(1, 4))
    settle(stream, ends_ms)
    return stream


def at_once(sent: list[list[Collected] | int], partitions: int, ends_ms: list[int]) -> MemoryStream:
    """The same without any lag."""
    stream = MemoryStream(policy_of(partitions))
    for each in sent:
        stream.tick(each) if isinstance(each, int) else stream.send(each)
        stream.run()
    settle(stream, ends_ms)
    return stream
