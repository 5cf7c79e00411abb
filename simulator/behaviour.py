"""A shopper's life: visits in order of time, made one by one as they are asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from random import Random

from simulator import catalog
from simulator.chance import busy_hour_ms, count, pick
from simulator.config import DAY_MS, HOUR_MS, MINUTE_MS, SimConfig
from simulator.happening import Device, ShopCart, Visit
from simulator.shoppers import Shopper, buying_device
from simulator.sitting import Sitting


class Life:
    """One shopper from the first visit to the last; `visits()` may be read once."""

    def __init__(self, random: Random, config: SimConfig, shopper: Shopper, start_ms: int) -> None:
        self.random, self.config, self.shopper = random, config, shopper
        self._at_ms = start_ms
        self._shares = 0
        self._own = [device for device in shopper.devices if not device.shared] or shopper.devices

    def visits(self) -> Iterator[Visit]:
        """All visits that end before the simulation does, in order of time."""
        for visit in self._life():
            if visit.happenings[-1].at_ms >= self.config.end_ms:
                return
            yield visit

    def _life(self) -> Iterator[Visit]:
        if self.shopper.family_user_id:
            yield from self._family()
        ordered = yield from self._intent(pick(self.random, self.config.intents))
        ordered_ms = self._at_ms
        for days, chance in ((7, self.config.again_day_7), (30, self.config.again_day_30)):
            if ordered and self.random.random() < chance:
                self._at_ms = max(self._at_ms, ordered_ms + days * DAY_MS - 12 * HOUR_MS)
                yield self._buy(catalog.choose(self.random), self.random.randint(*self.config.page_views_before_order))

    def _family(self) -> Iterator[Visit]:
        """A device of two people: the shopper signs in on it once, then it is the other one's."""
        device = self.shopper.devices[-1]
        sitting = self._sit(device)
        sitting.look(catalog.choose(self.random))
        sitting.sign_in(self.shopper.user_id)
        sitting.page()
        yield self._leave(sitting)
        sitting = self._sit(device)
        sitting.sign_in(self.shopper.family_user_id)
        device.cart = ShopCart(f"c-{device.id}-f")
        product = catalog.choose(self.random)
        sitting.look(product)
        sitting.add(product)
        if self.random.random() < 0.5:
            sitting.checkout()
            sitting.order()
        yield self._leave(sitting)

    def _intent(self, kind: str) -> Generator[Visit, None, bool]:
        """One wish to buy, over one to three days; returns (as the generator's value) whether it ended in an order."""
        target = catalog.choose(self.random)
        views = self.random.randint(*self.config.page_views_before_order)
        sittings = max(self.random.randint(2, 4), len(self._own) + 1)
        pause_ms = self.random.randrange(*self.config.hesitation_ms) // (sittings - 1)
        start_ms = self._at_ms = busy_hour_ms(self.random, self._at_ms)
        for number in range(1, sittings):
            yield self._browse(target, views // sittings, keeps=kind == "cart_then_buy" and number == 1)
            self._at_ms = max(self._at_ms, start_ms + number * pause_ms)
        rest = views - views // sittings * (sittings - 1)
        if kind == "browse":
            yield self._browse(target, rest, keeps=False)
        elif kind in ("buy", "cart_then_buy"):
            if kind == "cart_then_buy" and self.random.random() < self.config.late_return:
                self._at_ms += 6 * DAY_MS
            yield self._buy(target, rest)
        else:
            yield self._lose(target, rest, emptied=kind == "empty")
        return kind in ("buy", "cart_then_buy")

    def _browse(self, target: catalog.Product, views: int, keeps: bool) -> Visit:
        """Look around; `keeps` puts the cart together and leaves it for later."""
        sitting = self._sit(self._pick_device(keeps))
        sitting.look(target, views)
        self._maybe_sign_in(sitting, 0.35)
        if keeps:
            self._fill(sitting, target)
        else:
            sitting.page()
        return self._leave(sitting)

    def _buy(self, target: catalog.Product, views: int) -> Visit:
        waiting = [device for device in self._own if device.cart.lines]
        device = waiting[0] if waiting else buying_device(self.random, self.config, self._own)
        sitting = self._sit(device)
        sitting.look(target, views)
        if not sitting.cart().lines:
            self._fill(sitting, target)
        sitting.view_cart()
        self._maybe_sign_in(sitting, 0.6)
        if not sitting.cart().lines:
            self._fill(sitting, target)
        sitting.checkout()
        sitting.pay(fails=self.random.random() < 0.05)
        sitting.order()
        if self.random.random() < self.config.share:
            self._shares += 1
            sitting.share(self._shares)
        return self._leave(sitting)

    def _lose(self, target: catalog.Product, views: int, emptied: bool) -> Visit:
        """A cart that nobody buys: left at some step, or emptied again."""
        sitting = self._sit(self._pick_device(True))
        sitting.look(target, views)
        self._fill(sitting, target)
        step = pick(self.random, self.config.lost_steps)
        if emptied:
            for product_id in list(sitting.cart().lines):
                sitting.remove(product_id)
        elif step != "cart":
            sitting.checkout()
            if step == "payment":
                sitting.pay(fails=True)
        return self._leave(sitting)

    def _fill(self, sitting: Sitting, target: catalog.Product) -> None:
        """The target and about two more; now and then one is taken out again."""
        sitting.add(target, 2 if self.random.random() < 0.2 else 1)
        for _ in range(count(self.random, self.config.cart_lines) - 1):
            product = catalog.choose(self.random)
            if self.random.random() < 0.4:
                sitting.look(product)
            sitting.add(product)
        others = [product_id for product_id in sitting.cart().lines if product_id != target.id]
        if others and self.random.random() < 0.12:
            sitting.remove(self.random.choice(others))

    def _maybe_sign_in(self, sitting: Sitting, chance: float) -> None:
        shopper, device = self.shopper, sitting.device
        if not shopper.user_id or device.user_id or self.random.random() >= chance:
            return
        signed_in = any(other.user_id for other in shopper.devices)
        if shopper.second_user_id and signed_in:
            sitting.sign_in(shopper.second_user_id, previous_id=shopper.user_id)
        else:
            sitting.sign_in(shopper.user_id)

    def _pick_device(self, fills_cart: bool) -> Device:
        """To buy, the one the config asks for; to look, each in turn and then any."""
        if fills_cart:
            return buying_device(self.random, self.config, self._own)
        return self.random.choice([device for device in self._own if not device.seen] or self._own)

    def _sit(self, device: Device) -> Sitting:
        sitting = Sitting(self.random, self.config, self.shopper, device, self._at_ms)
        if self.shopper.came_by and not any(other.seen for other in self.shopper.devices):
            sitting.land_by_share()
        else:
            sitting.land()
        return sitting

    def _leave(self, sitting: Sitting) -> Visit:
        """End the visit; the next one is at least an hour later."""
        self._at_ms = sitting.at_ms + HOUR_MS + self.random.randrange(MINUTE_MS)
        return sitting.done()
