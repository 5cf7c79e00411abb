"""What comes after an order: a thank-you page that is loaded twice, money that is paid back, an order that is cancelled.

Each order draws from a random stream of its own, so that these rates change nothing else of a simulation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from simulator.config import DAY_MS, HOUR_MS, SimConfig
from simulator.happening import Happening, Visit

REPEATED_MS = (300, 1_500)  # before the shopper does anything else
CANCELLED_MS = (HOUR_MS // 4, DAY_MS)
REFUNDED_MS = (2 * DAY_MS, 20 * DAY_MS)


def after_sales(config: SimConfig, visit: Visit) -> Iterator[tuple[Visit, Random]]:
    """What follows the orders of a visit before the simulation ends, each with the random stream to deliver it by."""
    if visit.follows or not (config.repeated or config.cancelled or config.refunded or config.refunded_partly):
        return
    for order in visit.happenings:
        if order.event == "purchase":
            random = Random(f"{config.seed}:{order.message_id}:after-sales")
            for happening in _after(random, config, order):
                if happening.at_ms < config.end_ms:
                    yield Visit([happening], follows=True), random


def _after(random: Random, config: SimConfig, order: Happening) -> Iterator[Happening]:
    if random.random() < config.repeated:
        yield replace(order, at_ms=order.at_ms + random.randrange(*REPEATED_MS), message_id=f"{order.message_id}-again")
    partly = random.random() < config.refunded_partly
    if partly:
        line = random.choice(order.items)
        yield _refund(order, random.randrange(*REFUNDED_MS), "part", items=(line,), value=line.amount)
    if random.random() < config.refunded:
        says_how_much = random.random() < 0.5 and not partly  # else what was not paid back yet
        yield _refund(order, random.randrange(*REFUNDED_MS), "whole", value=order.value if says_how_much else None)
    if random.random() < config.cancelled:
        after_ms = random.randrange(*CANCELLED_MS)
        yield replace(_refund(order, after_ms, "cancel"), event="order_cancel", currency="")


def _refund(order: Happening, after_ms: int, name: str, **fields: object) -> Happening:
    said = {"items": (), "cart_id": "", "value": None} | fields
    return replace(order, at_ms=order.at_ms + after_ms, event="refund", message_id=f"{order.message_id}-{name}", **said)  # type: ignore[arg-type]
