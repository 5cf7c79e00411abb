"""Experiments and group purchases, put into visits that are there anyway: with draws of their own, so that the visits stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from simulator import catalog
from simulator.chance import pick
from simulator.config import SimConfig
from simulator.happening import Device, Happening, Visit

EXPERIMENT = "banner"


class Extras:
    """Ask for the visits in order of their beginning. A visit's first two seconds hold nothing but its landing."""

    def __init__(self, config: SimConfig) -> None:
        self.random = Random(f"{config.seed}:extras")
        self._config = config
        self._open: list[str] = []  # group purchases
        self._groups = 0

    def during(self, visit: Visit) -> Iterator[Happening]:
        """What happens in the visit beside what it was made of; nothing in one that begins without a landing, as a refund."""
        if not visit.happenings[0].channel:
            return
        if self._config.experiment:
            yield from self._see_banner(visit.happenings[0])
        if self._config.group_opens:
            yield from self._buy_together(visit.happenings[0])

    def _see_banner(self, landing: Happening) -> Iterator[Happening]:
        variant = self._variant(landing.device)
        yield _after(landing, 700, "experiment_view", experiment_id=EXPERIMENT, variant=variant)
        if self.random.random() < dict(self._config.experiment)[variant]:
            yield _after(landing, 1_400, "click", target="banner")

    def _variant(self, device: Device) -> str:
        """By person, but now and then by device: a cookie knows no person."""
        names = [name for name, _ in self._config.experiment]
        alone = Random(f"{self._config.seed}:alone:{device.id}").random() < self._config.other_variant
        shopper_id = device.id.rpartition("-")[0]
        return Random(f"{self._config.seed}:variant:{device.id if alone else shopper_id}").choice(names)

    def _buy_together(self, landing: Happening) -> Iterator[Happening]:
        if self._open and self.random.random() < self._config.group_joins:
            group_buy_id = self.random.choice(self._open[-20:])
            yield _after(landing, 1_600, "group_buy_join", group_buy_id=group_buy_id)
        if self.random.random() < self._config.group_opens:
            self._groups += 1
            self._open.append(f"{self._config.prefix}-g{self._groups}")
            size = int(pick(self.random, self._config.group_sizes))
            items = (catalog.line_of(catalog.choose(self.random)),)
            yield _after(landing, 1_800, "group_buy_open", group_buy_id=self._open[-1], group_size=size, items=items, currency="EUR")


def _after(landing: Happening, delay_ms: int, event: str, **fields: object) -> Happening:
    """Something that the same device does a moment after it landed."""
    return Happening(
        at_ms=landing.at_ms + delay_ms,
        event=event,
        message_id=f"{landing.message_id}-{event}",
        device=landing.device,
        user_id=landing.user_id,
        **fields,  # type: ignore[arg-type]
    )
