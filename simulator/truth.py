"""The ground truth: what the warehouse must say after everything was sent, computed in one batch at the end.

It follows docs/contracts.md and shares no code with the stream: persons first, then each person's events in order of time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from simulator.config import DAY_MS, MINUTE_MS
from simulator.faults import Arrival
from simulator.happening import Happening
from simulator.truth_carts import Cart, carts_of
from simulator.truth_funnel import window_funnel
from simulator.truth_persons import Persons
from simulator.truth_sales import Order, orders_of, sales_of
from simulator.truth_shares import shares_of

QUIET = {"identify", "alias", "group", "consent", "experiment_view"}  # say who someone is or what they were given, and are no activity


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The settings that the truth depends on."""

    lateness_ms: int = 7 * DAY_MS
    idle_ms: int = 30 * MINUTE_MS
    attribution_ms: int = 5 * DAY_MS
    holdout_percent: float = 0.0
    holdout_salt: str = ""
    expiry_ms: int = 30 * DAY_MS
    funnel_steps: tuple[str, ...] = ("view_item", "add_to_cart", "begin_checkout", "purchase")
    funnel_window_ms: int = 7 * DAY_MS
    churn_tiers_ms: tuple[tuple[str, int], ...] = (("short", 7 * DAY_MS), ("mid", 30 * DAY_MS), ("long", 90 * DAY_MS))


class Truth:
    """`add` every arrival in order, then `result(final_ms)`. Memory grows with the events: leave it out of very large runs."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._sent = 0
        self._rejected: Counter[str] = Counter()
        self._duplicates = 0
        self._late = 0
        self._seen: set[str] = set()
        self._clean: list[tuple[Happening, bool]] = []

    def add(self, arrival: Arrival) -> None:
        self._sent += 1
        if arrival.rejected:
            self._rejected[arrival.rejected] += 1
        elif arrival.happening.message_id in self._seen:
            self._duplicates += 1
        else:
            self._seen.add(arrival.happening.message_id)
            late = arrival.arrival_ms - arrival.happening.at_ms > self._rules.lateness_ms
            self._late += late
            self._clean.append((arrival.happening, late))

    def result(self, final_ms: int) -> dict[str, Any]:
        """Every count, as JSON has it: amounts of money are text with four decimals."""
        everything = [happening for happening, _ in self._clean]
        persons = Persons(everything)
        moving = _by_person(persons, (happening for happening, late in self._clean if not late))

        def apart(opening: Happening, order: Happening) -> bool:
            """Whether nobody knew within the lateness that both are one person's: what each had been told of stays then."""
            return persons.joined_ms(persons.first_of(opening), persons.first_of(order)) > order.at_ms + self._rules.lateness_ms

        return {
            **self._collected(),
            "persons": len({persons.of(happening) for happening in everything}),
            "merges": persons.merges,
            **self._funnel(moving),
            "carts": self._carts(moving, final_ms),
            "churn": self._churn(moving, final_ms),
            **sales_of(orders_of(everything, persons.of), final_ms),
            **shares_of(moving.values(), self._rules.attribution_ms, apart),
        }

    def _collected(self) -> dict[str, Any]:
        stored, rejected = len(self._clean), sum(self._rejected.values())
        return {
            "sent": self._sent,
            "accepted": self._sent - rejected,
            "rejected": dict(sorted(self._rejected.items())),
            "duplicates": self._duplicates,
            "stored": stored,
            "late": self._late,
        }

    def _funnel(self, moving: dict[str, list[Happening]]) -> dict[str, Any]:
        levels = {person: self._level(events) for person, events in moving.items()}
        by_channel: dict[str, Counter[int]] = {}
        for person, events in moving.items():
            first_touch = next((event.channel for event in events if event.channel), "")
            by_channel.setdefault(first_touch, Counter())[levels[person]] += 1
        return {
            "levels": dict(sorted(levels.items())),
            "persons_by_level": _numbered(Counter(levels.values())),
            "persons_by_channel_and_level": {channel: _numbered(counts) for channel, counts in sorted(by_channel.items())},
        }

    def _level(self, events: Iterable[Happening]) -> int:
        number_of = {name: number for number, name in enumerate(self._rules.funnel_steps, 1)}
        steps = [(event.at_ms, number_of[event.event]) for event in events if event.event in number_of]
        return window_funnel(steps, self._rules.funnel_window_ms, len(number_of))

    def episodes(self, final_ms: int) -> list[tuple[str, Cart]]:
        """Every cart episode with its person, as they stand at `final_ms`."""
        persons = Persons([happening for happening, _ in self._clean])
        moving = _by_person(persons, (happening for happening, late in self._clean if not late))
        return [(person, cart) for person, events in moving.items() for cart in carts_of(events, self._rules, final_ms)]

    def orders(self) -> list[Order]:
        """Every order, late ones too."""
        everything = [happening for happening, _ in self._clean]
        return orders_of(everything, Persons(everything).of)

    def held_out(self, rule: str = "cart_abandoned") -> set[str]:
        """Persons who are never sent a trigger of the rule, as far as everything that was sent is known."""
        persons = Persons([happening for happening, _ in self._clean])
        moving = _by_person(persons, (happening for happening, late in self._clean if not late))
        return {person for person, events in moving.items() if self._is_out(rule, events)}

    def _is_out(self, rule: str, events: Iterable[Happening]) -> bool:
        """By whom the earliest event names: docs/contracts.md, section The holdout."""
        _, origin = min((event.at_ms, f"u:{event.user_id}" if event.user_id else f"d:{event.device.id}") for event in events)
        draw = blake2b("\x1f".join(("holdout", rule, self._rules.holdout_salt, origin)).encode(), digest_size=8).hexdigest()
        return int(draw, 16) / 2**64 < self._rules.holdout_percent / 100

    def _carts(self, moving: dict[str, list[Happening]], final_ms: int) -> dict[str, Any]:
        carts = [cart for events in moving.values() for cart in carts_of(events, self._rules, final_ms)]
        states = Counter(cart.status for cart in carts)
        gone = [cart for cart in carts if cart.abandoned_at_ms is not None]
        return {
            "opened": len(carts),
            "abandoned": len(gone),
            "recovered": sum(cart.recovered for cart in carts),
            **{status: states[status] for status in ("ordered", "emptied", "expired", "open")},
            "triggers": len(gone),
            "abandoned_value": _money(gone),
        }

    def _churn(self, moving: dict[str, list[Happening]], final_ms: int) -> dict[str, int]:
        """Persons by the tier that they are in at the end."""
        found = {tier: 0 for tier, _ in self._rules.churn_tiers_ms}
        for events in moving.values():
            last_ms = max((event.at_ms for event in events if event.event not in QUIET), default=final_ms)
            reached = [tier for tier, idle_ms in self._rules.churn_tiers_ms if last_ms + idle_ms <= final_ms]
            if reached:
                found[reached[-1]] += 1
        return found


def _by_person(persons: Persons, happenings: Iterable[Happening]) -> dict[str, list[Happening]]:
    found: dict[str, list[Happening]] = {}
    for happening in sorted(happenings, key=lambda h: (h.at_ms, h.message_id)):
        found.setdefault(persons.of(happening), []).append(happening)
    return found


def _money(carts: Iterable[Cart]) -> dict[str, str]:
    found: dict[str, Decimal] = {}
    for cart in carts:
        found[cart.currency] = found.get(cart.currency, Decimal(0)) + cart.abandoned_value
    return {currency: f"{amount:.4f}" for currency, amount in sorted(found.items())}


def _numbered(counts: Counter[int]) -> dict[str, int]:
    return {str(level): counts[level] for level in sorted(counts)}
