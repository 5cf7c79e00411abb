"""Search engines' robots that walk through the shop: pages and products, one after the other, on devices that are nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from simulator import catalog
from simulator.config import SECOND_MS, SimConfig
from simulator.happening import Device, Happening, Visit

KIND = "bot"
_PAGES = range(3, 12)


def crawls(config: SimConfig, index: int, start_ms: int) -> Iterator[Visit]:
    """None or one: before the shopper of this number. By a random stream of its own, so that nothing else changes."""
    random = Random(f"{config.seed}:crawler:{index}")
    if random.random() >= config.crawlers:
        return
    device = Device(f"{config.prefix}-b{index}", KIND)
    happenings = []
    for number in range(random.choice(_PAGES)):
        seen = {"event": "view_item", "items": (catalog.line_of(catalog.choose(random)),)} if number % 3 == 2 else {"event": "page_view"}
        happenings.append(
            Happening(
                at_ms=start_ms + number * 2 * SECOND_MS,
                message_id=f"{device.id}-{number}",
                device=device,
                channel="direct" if number == 0 else "",
                currency="EUR" if number % 3 == 2 else "",
                **seen,
            )
        )
    yield Visit(happenings)
