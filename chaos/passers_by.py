"""Shoppers in real time, for the live lane: they fill carts, leave, come back, sign in and buy within seconds."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from random import Random
from typing import NamedTuple

import msgspec

from chaos.stage import LIVE_IDLE_S
from simulator.catalog import PRODUCTS, line_of
from simulator.faults import Arrival
from simulator.happening import Device, Happening, Line
from simulator.payload import message
from simulator.play import Wire

EVERY_S = 0.4  # a new shopper
LOOK_EVERY_S = 0.1
STEP_S = (0.2, 3.0)
AWAY = (0.5, 2.0)  # of the time after which a cart is abandoned


class Step(NamedTuple):
    """What a shopper does, `after_s` since the step before."""

    after_s: float
    event: str
    user_id: str = ""
    items: tuple[Line, ...] = ()


class PassersBy:
    """`run` until `leave`; everyone who has come then finishes. `last_ms`: the latest event."""

    def __init__(
        self,
        wire: Wire,
        clock: Callable[[], float],
        random: Random,
        prefix: str,
        *,
        look_every_s: float = LOOK_EVERY_S,
        every_s: float = EVERY_S,
        idle_s: float = LIVE_IDLE_S,
    ) -> None:
        self.last_ms = 0
        self._wire, self._clock, self._random, self._prefix = wire, clock, random, prefix
        self._look_every_s, self._every_s, self._idle_s = look_every_s, every_s, idle_s
        self._numbers = count()
        self._due: list[tuple[int, int, Happening]] = []
        self._leaving = False

    @property
    def final_ms(self) -> int:
        """By then every cart that was left is abandoned."""
        return self.last_ms + int(self._idle_s * 1000)

    def leave(self) -> None:
        """Nobody new comes."""
        self._leaving = True

    async def run(self) -> None:
        """What is due is sent at once; what became due while the collector was away, afterwards, with the time at which it was done."""
        next_s = self._clock()
        while not self._leaving or self._due:
            now_s = self._clock()
            while next_s <= now_s:
                if not self._leaving:
                    self._arrive(next_s)
                next_s += self._every_s
            await self._send(int(now_s * 1000))
            await asyncio.sleep(self._look_every_s)

    async def _send(self, now_ms: int) -> None:
        due: list[Happening] = []
        while self._due and self._due[0][0] <= now_ms:
            due.append(heapq.heappop(self._due)[2])
        if due:
            self.last_ms = max(self.last_ms, due[-1].at_ms)
            await self._wire.send([Arrival(0, happening, msgspec.json.encode(message(happening))) for happening in due], None)

    def _arrive(self, at_s: float) -> None:
        device = Device(f"{self._prefix}-d{next(self._numbers)}", self._random.choice(("mobile", "desktop")))
        user_id = ""
        for number, step in enumerate(steps(self._random, f"{device.id}-u", self._idle_s)):
            at_s += step.after_s
            user_id = step.user_id or user_id
            happening = Happening(
                at_ms=int(at_s * 1000),
                event=step.event,
                message_id=f"{device.id}-m{number}",
                device=device,
                user_id=user_id,
                channel="" if number else "search",
                items=step.items,
                cart_id=f"c-{device.id}" if step.items else "",
                currency="EUR" if step.items else "",
            )
            if step.event == "purchase":
                value = sum((line.amount for line in step.items), Decimal(0))
                happening = replace(happening, order_id=f"{device.id}-o{number}", value=value)
            heapq.heappush(self._due, (happening.at_ms, next(self._numbers), happening))


def steps(random: Random, user_id: str, idle_s: float = LIVE_IDLE_S) -> Iterator[Step]:
    """One shopper: looks, fills a cart, may sign in, may go away and come back, may buy."""
    products = random.sample(PRODUCTS, 2)
    cart: tuple[Line, ...] = (line_of(products[0], random.randint(1, 3)),)
    yield Step(0.0, "page_view")
    yield Step(random.uniform(*STEP_S), "view_item", items=cart)
    yield Step(random.uniform(*STEP_S), "add_to_cart", items=cart)
    signs_in = random.choice(("", "before", "after"))
    if signs_in == "before":
        yield Step(random.uniform(*STEP_S), "identify", user_id)
    if random.random() < 0.5:
        more = (line_of(products[1]),)
        cart = (*cart, *more)
        yield Step(idle_s * random.uniform(*AWAY), "add_to_cart", items=more)
    if signs_in == "after":
        yield Step(random.uniform(*STEP_S), "identify", user_id)
    if random.random() < 0.5:
        yield Step(random.uniform(*STEP_S), "begin_checkout", items=cart)
        yield Step(random.uniform(*STEP_S), "purchase", items=cart)
