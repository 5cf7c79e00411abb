"""Who comes to the shop: people, their devices and their accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simulator.catalog import CURRENCIES
from simulator.chance import count
from simulator.config import DAY_MS, HOUR_MS, MINUTE_MS, SimConfig
from simulator.happening import Device, ShopCart

_SKEWS_MS = (HOUR_MS, -HOUR_MS, 8 * HOUR_MS, -5 * MINUTE_MS, DAY_MS)


@dataclass(eq=False, slots=True)
class Shopper:
    """One person (and, on a family device, a second one). `came_by` is the share that brought them."""

    id: str
    devices: list[Device]
    currency: str
    came_by: str = ""
    user_id: str = ""
    second_user_id: str = ""  # of the same person; an alias joins it
    family_user_id: str = ""  # of the other person, on the last device
    cart: ShopCart | None = None  # the one that all signed-in devices see
    renews_cart: bool = True
    messages: int = field(default=0)
    orders: int = field(default=0)

    def next_message_id(self) -> str:
        self.messages += 1
        return f"{self.id}-m{self.messages}"


def make_shopper(random: Random, config: SimConfig, shopper_id: str, came_by: str = "") -> Shopper:
    """A new person with all their devices."""
    number = count(random, config.device_counts)
    devices = [_device(random, config, f"{shopper_id}-d{index}", kind) for index, kind in enumerate(_kinds(random, config, number))]
    shopper = Shopper(shopper_id, devices, random.choice(CURRENCIES), came_by, renews_cart=random.random() < 0.5)
    if random.random() < config.account:
        _give_account(random, config, shopper)
    if number == 1 and random.random() < config.own_cart:
        devices[0].cart = ShopCart("")
    return shopper


def _kinds(random: Random, config: SimConfig, number: int) -> list[str]:
    """People with several devices have a mobile and another kind, so that both can be chosen to buy on."""
    if number == 1:
        return ["mobile" if random.random() < config.mobile_purchases else "desktop"]
    return ["mobile", "desktop", *(random.choice(("mobile", "tablet", "desktop")) for _ in range(number - 2))]


def _device(random: Random, config: SimConfig, device_id: str, kind: str) -> Device:
    return Device(
        device_id,
        kind,
        skew_ms=random.choice(_SKEWS_MS) if random.random() < config.skewed else 0,
        whole_cart=random.random() < config.whole_cart,
        cart_update=random.random() < config.cart_update,
        segment_names=random.random() < config.segment_names,
        names_user=random.random() < 0.8,
        cart=ShopCart(f"c-{device_id}"),
    )


def _give_account(random: Random, config: SimConfig, shopper: Shopper) -> None:
    shopper.user_id = f"{shopper.id}-u{random.randrange(1_000):03d}"
    several = len(shopper.devices) > 1
    if random.random() < config.second_account and several:
        shopper.second_user_id = f"{shopper.id}-u{random.randrange(1_000):03d}x"
    elif random.random() < config.shared_cart:
        shopper.cart = ShopCart(f"c-{shopper.id}")
        for device in shopper.devices:
            device.names_user = True
    if random.random() < config.family_device and several:
        shopper.family_user_id = f"{shopper.id}-f"
        shopper.devices[-1].shared = True


def buying_device(random: Random, config: SimConfig, devices: list[Device]) -> Device:
    """Where an order is placed: on a mobile as often as the config says."""
    wants_mobile = random.random() < config.mobile_purchases
    fitting = [device for device in devices if (device.kind == "mobile") == wants_mobile]
    return random.choice(fitting or devices)
