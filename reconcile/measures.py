"""What a row adds to which measure. Amounts of money are kept apart by currency."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

Row = tuple[Any, ...]
Amount = int | Decimal
Counted = Iterator[tuple[str, Amount]]
BOUGHT = {"purchase": "orders", "refund": "refunds", "order_cancel": "cancellations"}


def events(row: Row) -> Counted:
    _, _, event, late, count = row
    yield "events", count
    yield f"events: {event}", count
    if late:
        yield "late events", count


def persons(_: Row) -> Counted:
    yield "persons", 1


def identities(_: Row) -> Counted:
    yield "ids merged into another", 1


def sessions(row: Row) -> Counted:
    count, views, _, bounce, channel = row[4:9]
    yield "sessions", 1
    yield f"sessions: {channel or 'no channel'}", 1
    yield "bounces", int(bounce)
    yield "page views", views
    yield "events of sessions", count


def levels(row: Row) -> Counted:
    level, channel = row[2:4]
    yield f"funnel level {level}", 1
    yield f"funnel level {level}: {channel or 'no channel'}", 1


def carts(row: Row) -> Counted:
    status, value, currency, abandoned_ms, abandoned_value, recovered = row[3], row[7], row[8] or "no currency", row[10], row[12], row[15]
    yield "carts", 1
    yield f"carts: {status}", 1
    yield f"value of carts, {currency}", value
    if abandoned_ms:
        yield "carts abandoned", 1
        yield f"value left in carts, {currency}", abandoned_value
    if recovered:
        yield "carts recovered", 1


def triggers(_: Row) -> Counted:
    yield "triggers fired", 1


def orders(row: Row) -> Counted:
    kind, value, currency = row[4:7]
    yield BOUGHT[kind], 1
    if kind == "purchase" and value is not None:
        yield f"revenue, {currency or 'no currency'}", value


def segments(row: Row) -> Counted:
    segment, value, left_ms = row[2:5]
    yield f"{segment} {value}: entered", 1
    if not left_ms:
        yield f"{segment} {value}: now", 1


def shares(row: Row) -> Counted:
    kind, value, currency = row[2], row[7], row[8]
    yield f"shares: {kind}", 1
    if kind == "order" and value is not None:
        yield f"revenue through shares, {currency or 'no currency'}", value
