"""All shoppers' events in the order of their arrival, with only those in memory that are under way."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count
from random import Random

from simulator.after_sales import after_sales
from simulator.behaviour import Life
from simulator.config import DAY_MS, SimConfig
from simulator.crawlers import crawls
from simulator.extras import Extras
from simulator.faults import Arrival, deliver
from simulator.happening import Happening, Invite, Visit
from simulator.shoppers import make_shopper

Waiting = tuple[int, int, Visit, Iterator[Visit], Random]


def arrivals(config: SimConfig) -> Iterator[Arrival]:
    """Every event that is sent, in order of arrival; at equal times in the order in which it happened or was made."""
    return _Timeline(config).run()


class _Timeline:
    """Two heaps: the next visit of each shopper who has come, and events on their way."""

    def __init__(self, config: SimConfig) -> None:
        self._config = config
        self._numbers = count()
        self._visits: list[Waiting] = []
        self._under_way: list[tuple[int, int, Arrival]] = []
        self._extras = Extras(config)

    def run(self) -> Iterator[Arrival]:
        for index in range(self._config.shoppers):
            start_ms = self._start_ms(index)
            yield from self._until(start_ms)
            for visit in crawls(self._config, index, start_ms):
                heapq.heappush(
                    self._visits, (visit.at_ms, next(self._numbers), visit, iter(()), Random(f"{self._config.seed}:crawl:{index}"))
                )
            self._arrive(f"{self._config.prefix}-p{index}", start_ms)
        yield from self._until(None)

    def _start_ms(self, index: int) -> int:
        """Shoppers come one after the other, evenly over the days of arrival."""
        span_ms = int(self._config.days * DAY_MS * self._config.arrivals_share)
        return self._config.start_ms + span_ms * index // max(self._config.shoppers, 1)

    def _arrive(self, shopper_id: str, start_ms: int, came_by: str = "") -> None:
        random = Random(f"{self._config.seed}:{shopper_id}")
        shopper = make_shopper(random, self._config, shopper_id, came_by)
        self._wait(Life(random, self._config, shopper, start_ms).visits(), random)

    def _wait(self, visits: Iterator[Visit], random: Random) -> None:
        visit = next(visits, None)
        if visit is not None:
            heapq.heappush(self._visits, (visit.at_ms, next(self._numbers), visit, visits, random))

    def _until(self, at_ms: int | None) -> Iterator[Arrival]:
        """Take the visits that begin before `at_ms` (None: all), and let go of what has arrived by then."""
        while self._visits and (at_ms is None or self._visits[0][0] < at_ms):
            began_ms, _, visit, visits, random = heapq.heappop(self._visits)
            yield from self._arrived(began_ms)
            for happening in visit.happenings:
                self._send(random, happening)
            for happening in self._extras.during(visit):
                self._send(self._extras.random, happening)
            for later, own_random in after_sales(self._config, visit):
                heapq.heappush(self._visits, (later.at_ms, next(self._numbers), later, iter(()), own_random))
            self._invite(visit.invites)
            self._wait(visits, random)
        yield from self._arrived(at_ms)

    def _send(self, random: Random, happening: Happening) -> None:
        for arrival in deliver(random, self._config, happening):
            heapq.heappush(self._under_way, (arrival.arrival_ms, next(self._numbers), arrival))

    def _invite(self, invites: tuple[Invite, ...]) -> None:
        for invite in invites:
            if invite.at_ms < self._config.end_ms:
                self._arrive(f"{invite.share_id}-f{invite.number}", invite.at_ms, invite.share_id)

    def _arrived(self, before_ms: int | None) -> Iterator[Arrival]:
        while self._under_way and (before_ms is None or self._under_way[0][0] <= before_ms):
            yield heapq.heappop(self._under_way)[2]
