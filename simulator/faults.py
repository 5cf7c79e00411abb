"""What goes wrong between a device and the collector: late, doubled and broken events, all at rates of the config."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from simulator.config import DAY_MS, HOUR_MS, MINUTE_MS, SimConfig
from simulator.happening import Happening
from simulator.payload import IDENTITY_TYPES, iso, message

TOO_LARGE_BYTES = 40_000  # more than the collector takes of one event


@dataclass(frozen=True, eq=False, slots=True)
class Arrival:
    """One event on its way. `rejected` is the code that the collector will refuse it with; '' for a clean one."""

    arrival_ms: int
    happening: Happening
    body: bytes
    rejected: str = ""

    @property
    def key(self) -> str:
        """Events of one key must be sent in order."""
        return self.happening.device.id


def deliver(random: Random, config: SimConfig, happening: Happening) -> Iterator[Arrival]:
    """All that arrives because of one happening."""
    said = message(happening)
    first_ms = _slot(config, happening.at_ms + _delay_ms(random, config, happening))
    yield Arrival(first_ms, happening, _sent(said, happening, first_ms))
    if random.random() < config.duplicated:
        again_ms = first_ms + random.choice((0, config.slot_ms, random.randrange(12 * HOUR_MS)))
        again_ms = _slot(config, again_ms)
        yield Arrival(again_ms, happening, _sent(said, happening, again_ms))
    if random.random() < config.malformed:
        code, broken = _broken(random, happening)
        yield Arrival(first_ms, happening, broken, code)


def _sent(said: dict[str, Any], happening: Happening, arrival_ms: int) -> bytes:
    """The message with the time of sending, by the device's own clock; the way to the collector takes no time here."""
    return _json({**said, "sentAt": iso(arrival_ms + happening.device.skew_ms)})


def _slot(config: SimConfig, at_ms: int) -> int:
    """The collector's clock when it comes in: the end of its slot, as requests carry the events of a slot together."""
    slots = -(-(at_ms + 1 - config.start_ms) // config.slot_ms)
    return min(config.start_ms + slots * config.slot_ms, config.end_ms)


def _delay_ms(random: Random, config: SimConfig, happening: Happening) -> int:
    """Mostly none. What two people did on one device stays in order, so that who is who has one answer."""
    chance = random.random()
    if happening.device.shared:
        return 0
    if chance < config.very_late and happening.event not in IDENTITY_TYPES:
        delay_ms = 7 * DAY_MS + random.randrange(HOUR_MS, 2 * DAY_MS)
        return delay_ms if happening.at_ms + delay_ms < config.end_ms else 0
    if chance < config.very_late + config.delayed:
        return random.randrange(MINUTE_MS, random.choice((HOUR_MS, 6 * HOUR_MS)))
    return 0


def _broken(random: Random, happening: Happening) -> tuple[str, bytes]:
    """An event that must be refused, made from one that is well: the code, and its bytes."""
    said = {**message(happening), "messageId": f"{happening.message_id}-broken"}
    code = random.choice(tuple(_BREAKERS))
    return code, _BREAKERS[code](random, said)


def _unknown_type(random: Random, said: dict[str, Any]) -> bytes:
    return _json({**said, "type": random.choice(("tracking", "pageview"))})


def _missing_field(random: Random, said: dict[str, Any]) -> bytes:
    if random.random() < 0.5:
        return _json({**said, "type": "track", "event": "add_to_cart", "properties": {"cart_id": "c-1"}})
    return _json({**{name: value for name, value in said.items() if name != "event"}, "type": "track"})


def _invalid_field(random: Random, said: dict[str, Any]) -> bytes:
    item = {"product_id": "p-001", "price": random.choice(("cheap", -1e20)), "quantity": 1}
    return _json({**said, "type": "track", "event": "add_to_cart", "properties": {"items": [item]}})


def _no_identity(random: Random, said: dict[str, Any]) -> bytes:
    gone = ("anonymousId", "userId", "previousId")
    return _json({**{name: value for name, value in said.items() if name not in gone}, "type": "track", "event": "click"})


def _too_large(random: Random, said: dict[str, Any]) -> bytes:
    return _json({**said, "type": "track", "event": "click", "properties": {"target": "x", "note": "y" * TOO_LARGE_BYTES}})


def _not_an_object(random: Random, said: dict[str, Any]) -> bytes:
    return random.choice((b'"page_view"', b"42", b"[]"))


def _malformed_json(random: Random, said: dict[str, Any]) -> bytes:
    """No UTF-8 inside a text: the batch around it can be read, the event cannot."""
    return _json({**said, "type": "track", "event": "@"}).replace(b'"@"', b'"caf\xe9"')


_BREAKERS = {
    "malformed_json": _malformed_json,
    "unknown_type": _unknown_type,
    "missing_field": _missing_field,
    "invalid_field": _invalid_field,
    "no_identity": _no_identity,
    "too_large": _too_large,
    "not_an_object": _not_an_object,
}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
