"""The shop's rules on plain dicts, as an application on a general stream engine would have them: one event at a time, in order.

Both peers share it, so that they differ from each other only by their engine. Nothing here can take a late event, a merge out of order or
a second user of a device: that favours the peers, and is why they are compared on a feed without such things (`FeedSpec.plain`).
A state is a dict of JSON values. `emit(table, key, row)` takes a result row; the last row of a key is valid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

State = dict[str, Any]
Event = dict[str, Any]
Emit = Callable[[str, str, dict[str, Any]], None]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SESSION_IDLE_MS = ABANDON_IDLE_MS = 30 * MINUTE_MS
SESSION_MAX_MS = DAY_MS
ATTRIBUTION_MS = 5 * DAY_MS
EXPIRY_MS = 30 * DAY_MS
DEDUP_MS = 2 * DAY_MS
SKEW_MIN_MS, FUTURE_MAX_MS = 2_000, MINUTE_MS
FUNNEL_WINDOW_MS = 7 * DAY_MS
FUNNEL = {"view_item": 0, "add_to_cart": 1, "begin_checkout": 2, "purchase": 3}
TIERS = (("short", DAY_MS), ("mid", 2 * DAY_MS), ("long", 3 * DAY_MS))
QUIET = frozenset({"identify", "alias", "group", "consent", "experiment_view"})
STEPS = {"begin_checkout": 1, "checkout_step": 1, "add_payment_info": 2, "payment_failed": 2}
STEP_NAMES = ("cart", "checkout", "payment")
CART_EVENTS = frozenset({"add_to_cart", "remove_from_cart", "cart_update", "purchase", *STEPS})
OPENING = frozenset({"add_to_cart", "cart_update", "begin_checkout"})


class Rows(list[dict[str, Any]]):
    """The result rows of one step, each with its table and key."""

    def emit(self, table: str, key: str, row: dict[str, Any]) -> None:
        self.append({"table": table, "key": key, **row})


# A device: clean, de-duplicate, its session, whose it is.


def new_device() -> State:
    return {"user": "", "seen": {}, "session": None}


def clean(event: Event) -> None:
    """The client's clock, corrected by what the collector saw."""
    received_ms, client_ms, sent_ms = event["received_at_ms"], event.get("client_at_ms", 0), event.get("sent_at_ms", 0)
    skew_ms = received_ms - sent_ms if sent_ms else 0
    at_ms = client_ms + skew_ms if abs(skew_ms) > SKEW_MIN_MS else client_ms
    event["at_ms"] = received_ms if not client_ms or at_ms > received_ms + FUTURE_MAX_MS else at_ms


def is_new(device: State, event: Event) -> bool:
    """Whether the message came for the first time within two days."""
    seen, received_ms = device["seen"], event["received_at_ms"]
    if event["message_id"] in seen:
        return False
    for message_id in [each for each, at_ms in seen.items() if received_ms - at_ms > DEDUP_MS]:
        del seen[message_id]
    seen[event["message_id"]] = received_ms
    return True


def resolve(device: State, event: Event) -> str | None:
    """Give the event its person. Returns the anonymous person whose history the user takes over, at the first sign-in."""
    device_id, user_id = event["device_id"], event.get("user_id", "")
    joined = None
    if user_id and not device["user"]:
        device["user"] = user_id
        joined = f"d:{device_id}"
    event["person_id"] = f"u:{device['user']}" if device["user"] else f"d:{device_id}"
    if device["user"]:
        event["history"] = f"d:{device_id}"
    return joined


def session(device: State, event: Event, emit: Emit) -> None:
    """Thirty idle minutes, a day or a new campaign begin another one."""
    if event["event"] in QUIET:
        return
    at_ms, now = event["at_ms"], device["session"]
    campaign = [event.get(f"campaign_{part}") or "" for part in ("source", "medium", "name")]
    if now is None or _is_over(now, at_ms, campaign):
        if now is not None:
            _emit_session(event["device_id"], now, emit)
        now = device["session"] = {"started": at_ms, "ended": at_ms, "events": 0, "page_views": 0, "campaign": campaign}
        _emit_session(event["device_id"], now, emit)
    now["ended"] = at_ms
    now["events"] += 1
    now["page_views"] += event["event"] in ("page_view", "screen_view")


def _is_over(now: State, at_ms: int, campaign: list[str]) -> bool:
    idle, long = at_ms - now["ended"] >= SESSION_IDLE_MS, at_ms - now["started"] >= SESSION_MAX_MS
    return idle or long or (any(campaign) and campaign != now["campaign"])


def _emit_session(device_id: str, now: State, emit: Emit) -> None:
    """A session is told when it begins and when the next one does: fewer rows than at each of its events."""
    row = {
        "device_id": device_id,
        "started": now["started"],
        "ended": now["ended"],
        "events": now["events"],
        "page_views": now["page_views"],
    }
    emit("sessions", f"{device_id}:{now['started']}", row)


# A person: carts, funnel, churn.


def new_person() -> State:
    return {"joined": [], "waiting": [], "carts": {}, "funnel": [None] * len(FUNNEL), "level": -1, "last": 0, "tier": None}


def person_step(person_id: str, person: State, kind: str, body: dict[str, Any], emit: Emit) -> tuple[str, str, dict[str, Any]] | None:
    """Take one message for a person; returns one to another person (key, kind, body), if there is something to say."""
    if kind == "event":
        person_event(person_id, person, body, emit)
    elif kind == "give_up":
        state = give_up(person_id, person, body["at"], emit)
        return body["to"], "take_over", {"loser": person_id, "state": state, "at": body["at"]}
    elif kind == "take_over":
        take_over(person_id, person, body["loser"], body["state"], body["at"], emit)
    else:
        person_time(person_id, person, body["now"], emit)
    return None


def person_event(person_id: str, person: State, event: Event, emit: Emit) -> None:
    """Take an event. What a user did waits for the history of the device, if that is still on its way."""
    history = event.get("history")
    if history and history not in person["joined"]:
        person["waiting"].append(event)
        return
    person_time(person_id, person, event["at_ms"], emit)
    _active(person_id, person, event, emit)
    _funnel(person_id, person, event, emit)
    if event["event"] in CART_EVENTS:
        _cart(person_id, person, event, emit)


def give_up(person_id: str, person: State, at_ms: int, emit: Emit) -> State:
    """The anonymous person signs in: its rows go, its state is what the user takes over."""
    person_time(person_id, person, at_ms, emit)
    if person["level"] >= 0:
        emit("funnel_levels", person_id, {"person_id": person_id, "deleted": 1})
    if person["tier"]:
        emit("segments", f"{person_id}:{person['tier']}", {"person_id": person_id, "tier": person["tier"], "left": at_ms})
    state = {name: person[name] for name in ("carts", "funnel", "level", "last", "tier")}
    person.update(new_person())
    return state


def take_over(person_id: str, person: State, loser_id: str, state: State, at_ms: int, emit: Emit) -> None:
    """The history of a device arrives at its user; then what has waited for it."""
    emit("identities", loser_id, {"id": loser_id, "person_id": person_id, "at": at_ms})
    person["joined"].append(loser_id)
    person["carts"] = {**state["carts"], **person["carts"]}
    person["funnel"] = [max(filter(None, pair), default=None) for pair in zip(state["funnel"], person["funnel"], strict=True)]
    person["level"], person["last"] = max(state["level"], person["level"]), max(state["last"], person["last"])
    person["tier"] = person["tier"] or state["tier"]
    for cart in person["carts"].values():
        _emit_cart(person_id, cart, emit)
    if person["level"] >= 0:
        emit("funnel_levels", person_id, {"person_id": person_id, "level": person["level"]})
    if person["tier"]:
        emit("segments", f"{person_id}:{person['tier']}", {"person_id": person_id, "tier": person["tier"], "left": None})
    waiting, person["waiting"] = person["waiting"], []
    for event in waiting:
        person_event(person_id, person, event, emit)


def person_time(person_id: str, person: State, now_ms: int, emit: Emit) -> None:
    """Let time pass: carts that are left, tiers that are reached."""
    for cart_id, cart in list(person["carts"].items()):
        due_ms = cart["changed"] + ABANDON_IDLE_MS
        if not cart["idle"] and due_ms <= now_ms:
            cart["idle"] = True
            if cart["abandoned"] is None:
                cart["abandoned"] = due_ms
                row = {
                    "person_id": person_id,
                    "cart_id": cart_id,
                    "opened": cart["opened"],
                    "fired": due_ms,
                    "value": _value(cart),
                    "items": list(cart["items"].values()),
                }
                emit("triggers", cart["episode"], row)
            _emit_cart(person_id, cart, emit)
        if cart["changed"] + EXPIRY_MS <= now_ms:
            _close(person_id, person, cart, "expired", cart["changed"] + EXPIRY_MS, emit)
    if person["last"]:
        reached = [(name, person["last"] + idle_ms) for name, idle_ms in TIERS if person["last"] + idle_ms <= now_ms]
        if reached and reached[-1][0] != person["tier"]:
            _move(person_id, person, reached[-1][0], reached[-1][1], emit)


def _active(person_id: str, person: State, event: Event, emit: Emit) -> None:
    if event["event"] in QUIET:
        return
    person["last"] = max(person["last"], event["at_ms"])
    if person["tier"]:
        _move(person_id, person, None, event["at_ms"], emit)


def _move(person_id: str, person: State, tier: str | None, at_ms: int, emit: Emit) -> None:
    if person["tier"]:
        emit("segments", f"{person_id}:{person['tier']}", {"person_id": person_id, "tier": person["tier"], "left": at_ms})
    person["tier"] = tier
    if tier:
        emit("segments", f"{person_id}:{tier}", {"person_id": person_id, "tier": tier, "entered": at_ms, "left": None})


def _funnel(person_id: str, person: State, event: Event, emit: Emit) -> None:
    began, step, at_ms, before = person["funnel"], FUNNEL.get(event["event"]), event["at_ms"], person["level"]
    if step == 0:
        began[0] = at_ms
    elif step is not None and began[step - 1] is not None and at_ms <= began[step - 1] + FUNNEL_WINDOW_MS:
        began[step] = began[step - 1]
    person["level"] = max(before, 0, *(number + 1 for number, start in enumerate(began) if start is not None))
    if person["level"] != before:
        emit("funnel_levels", person_id, {"person_id": person_id, "level": person["level"]})


def _cart(person_id: str, person: State, event: Event, emit: Emit) -> None:
    name, cart_id, at_ms = event["event"], event.get("cart_id", ""), event["at_ms"]
    if name == "purchase":
        _order(person_id, person, event, emit)
        return
    cart = person["carts"].get(cart_id)
    if cart is None:
        items = _contents({}, event, adding=True)
        if name not in OPENING or not items:
            return
        episode = f"{event['device_id']}:{cart_id}:{at_ms}"
        cart = {"episode": episode, "cart_id": cart_id, "opened": at_ms, "items": items, "step": 0, "status": "open", "abandoned": None}
        person["carts"][cart_id] = cart
    else:
        cart["items"] = _contents(cart["items"], event, adding=name == "add_to_cart")
    cart["changed"], cart["idle"] = at_ms, False
    cart["step"] = max(cart["step"], STEPS.get(name, 0))
    if not cart["items"] and name in ("remove_from_cart", "cart_update"):
        _close(person_id, person, cart, "emptied", at_ms, emit)
    else:
        _emit_cart(person_id, cart, emit)


def _contents(items: State, event: Event, *, adding: bool) -> State:
    """The cart's items by product: replaced by the whole cart, or one by one."""
    whole = event.get("cart_items")
    if whole is not None:
        return {_product(item): item for item in whole}
    if not adding and event["event"] != "remove_from_cart":
        return items
    found = dict(items)
    for item in event.get("items", ()):
        key, sign = _product(item), 1 if adding else -1
        left = found.get(key, {}).get("quantity", 0) + sign * item.get("quantity", 1)
        if left > 0:
            found[key] = {**(item if adding else found[key]), "quantity": left}
        else:
            found.pop(key, None)
    return found


def _product(item: State) -> str:
    return f"{item['product_id']}|{item.get('variant', '')}"


def _order(person_id: str, person: State, event: Event, emit: Emit) -> None:
    carts, cart_id = person["carts"], event.get("cart_id", "")
    cart = carts.get(cart_id) if cart_id else max(carts.values(), key=lambda each: each["changed"], default=None)
    if cart is None:
        return
    cart["order_id"] = event.get("order_id", "")
    cart["recovered"] = cart["abandoned"] is not None and event["at_ms"] - cart["abandoned"] <= ATTRIBUTION_MS
    _close(person_id, person, cart, "ordered", event["at_ms"], emit)


def _close(person_id: str, person: State, cart: State, status: str, at_ms: int, emit: Emit) -> None:
    cart["status"], cart["closed"] = status, at_ms
    _emit_cart(person_id, cart, emit)
    del person["carts"][cart["cart_id"]]


def _value(cart: State) -> float:
    amounts = [float(item.get("price") or 0) * int(item.get("quantity", 1)) for item in cart["items"].values()]
    return round(sum(amounts), 2)


def _emit_cart(person_id: str, cart: State, emit: Emit) -> None:
    row = {"person_id": person_id, "cart_id": cart["cart_id"], "opened": cart["opened"], "status": cart["status"], "value": _value(cart)}
    row |= {"step": STEP_NAMES[cart["step"]], "abandoned": cart["abandoned"], "changed": cart["changed"], "closed": cart.get("closed")}
    row |= {"order_id": cart.get("order_id", ""), "recovered": cart.get("recovered", False), "items": list(cart["items"].values())}
    emit("carts", cart["episode"], row)
