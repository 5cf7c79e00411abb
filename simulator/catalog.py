"""What the simulated shop sells."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import NamedTuple

from simulator.happening import Line

CURRENCIES = ("EUR", "USD", "CNY")


class Product(NamedTuple):
    id: str
    name: str
    category: str
    brand: str
    price: Decimal


_SHELVES = {
    "shoes": (("Trail runner", "Court classic", "Rain boot", "Sandal", "Slipper"), "Cobble"),
    "bags": (("Day pack", "Tote", "Messenger", "Wash bag", "Weekender"), "Haversack"),
    "kitchen": (("Moka pot", "Chef's knife", "Cast-iron pan", "Mixing bowl", "Tea tin"), "Larder"),
    "sport": (("Yoga mat", "Kettlebell", "Bike light", "Swim goggles", "Skipping rope"), "Stride"),
    "home": (("Linen sheet", "Floor lamp", "Wool throw", "Wall clock", "Door mat"), "Hearth"),
}


def _stock() -> tuple[Product, ...]:
    products: list[Product] = []
    for shelf, (names, brand) in _SHELVES.items():
        for name in names:
            number = len(products) + 1
            price = Decimal(490 + number * 617 % 9_200) / 100
            products.append(Product(f"p-{number:03d}", name, shelf, brand, price))
    return tuple(products)


PRODUCTS = _stock()
BY_ID = {product.id: product for product in PRODUCTS}


def choose(random: Random) -> Product:
    """A product; some sell much better than others."""
    return PRODUCTS[min(int(random.expovariate(0.12)), len(PRODUCTS) - 1)]


def line_of(product: Product, quantity: int = 1) -> Line:
    return Line(product.id, product.price, quantity)
