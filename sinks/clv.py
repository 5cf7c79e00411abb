"""Fits customer lifetime value to the orders in the warehouse, and writes models and customers back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from analytics.bg_nbd import BgNbd, Purchases, fit_bg_nbd
from analytics.gamma_gamma import GammaGamma, fit_gamma_gamma
from analytics.lifetime import lifetime_value
from analytics.maximum import FitError, Floats
from runtime.settings import Settings
from sinks.clickhouse import ClickHouse, connect

CUSTOMERS = """SELECT currency, person_id, frequency, recency_days, age_days, mean_value
    FROM repeat_purchases(lane = {lane:String}, from_day = {from_day:Date}, to_day = {to_day:Date})
    ORDER BY currency, person_id FORMAT JSONEachRow"""
DAYS = """SELECT toDate(min(assumeNotNull(ordered_at)), {zone:String}) AS first,
    toDate(max(assumeNotNull(ordered_at)), {zone:String}) AS last, count() AS orders
    FROM orders_now WHERE lane = {lane:String} AND ordered_at IS NOT NULL FORMAT JSONEachRow"""
INSERT_ROWS = 100_000


@dataclass(frozen=True)
class Wanted:
    """What to fit. Days as YYYY-MM-DD, '' for the first or last day with an order; `periods` and `discount` are of `period_days`."""

    lane: str
    from_day: str = ""
    to_day: str = ""
    period_days: float = 7.0
    periods: int = 52
    discount: float = 0.0


@dataclass(frozen=True)
class Customers:
    """Customers of one currency, times in periods."""

    persons: list[str]
    seen: Purchases
    mean_value: Floats


@dataclass(frozen=True)
class Fitted:
    """The model of one currency; `repeaters` is how many customers the spending was fitted to."""

    currency: str
    buying: BgNbd
    spending: GammaGamma
    customers: int
    repeaters: int


async def fit(settings: Settings, wanted: Wanted) -> tuple[list[Fitted], dict[str, str]]:
    """The models that were written, and for each currency that has none the reason. Raises FitError when there are no orders."""
    async with connect(settings) as warehouse:
        from_day, to_day = await _days(warehouse, settings, wanted)
        period = {"lane": wanted.lane, "from_day": from_day, "to_day": to_day}
        lines = (await warehouse.execute(CUSTOMERS, period)).splitlines()
        fitted_at = (await warehouse.execute("SELECT now64(3, 'UTC')")).decode().strip()
        models, failed = [], {}
        for currency, customers in _by_currency([json.loads(line) for line in lines], wanted.period_days).items():
            try:
                model = fit_customers(currency, customers)
            except FitError as error:
                failed[currency] = str(error)
                continue
            await _write(warehouse, wanted, {**period, "fitted_at": fitted_at}, model, customers)
            models.append(model)
    return models, failed


def fit_customers(currency: str, customers: Customers) -> Fitted:
    """Both models. Raises FitError."""
    buying = fit_bg_nbd(customers.seen)
    spent = (customers.seen.frequency > 0) & (customers.mean_value > 0)
    if not np.any(spent):
        raise FitError("nobody who came back spent anything")
    spending = fit_gamma_gamma(customers.seen.frequency[spent], customers.mean_value[spent])
    return Fitted(currency, buying, spending, len(customers.persons), int(np.sum(spent)))


async def _days(warehouse: ClickHouse, settings: Settings, wanted: Wanted) -> tuple[str, str]:
    found = json.loads(await warehouse.execute(DAYS, {"lane": wanted.lane, "zone": settings.business_timezone}))
    if int(found["orders"]) == 0:
        raise FitError(f"lane {wanted.lane} has no orders")
    return wanted.from_day or found["first"], wanted.to_day or found["last"]


def _by_currency(rows: list[dict[str, str]], period_days: float) -> dict[str, Customers]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row["currency"], []).append(row)

    def numbers(rows: list[dict[str, str]], name: str) -> Floats:
        return np.array([float(row[name]) for row in rows])

    return {
        currency: Customers(
            [row["person_id"] for row in own],
            Purchases(numbers(own, "frequency"), numbers(own, "recency_days") / period_days, numbers(own, "age_days") / period_days),
            numbers(own, "mean_value"),
        )
        for currency, own in found.items()
    }


async def _write(warehouse: ClickHouse, wanted: Wanted, head: dict[str, str], model: Fitted, customers: Customers) -> None:
    """Customers first: their rows count once the model's is there. Then those of former fits go."""
    fit_id = {"lane": wanted.lane, "currency": model.currency, "fitted_at": head["fitted_at"]}
    seen = customers.seen
    value = model.spending.expected(np.where(customers.mean_value > 0, seen.frequency, 0), customers.mean_value)
    columns = {
        "frequency": seen.frequency.astype(int),
        "recency": seen.recency,
        "age": seen.age,
        "p_alive": model.buying.alive(seen),
        "expected_purchases": model.buying.expected(seen, wanted.periods),
        "expected_value": value,
        "clv": lifetime_value(model.buying, seen, value, wanted.periods, wanted.discount),
    }
    names, lists = list(columns), [column.tolist() for column in columns.values()]
    rows = [
        {**fit_id, "person_id": person, **dict(zip(names, numbers, strict=True))}
        for person, *numbers in zip(customers.persons, *lists, strict=True)
    ]
    for start in range(0, len(rows), INSERT_ROWS):
        lines = "\n".join(map(json.dumps, rows[start : start + INSERT_ROWS])).encode()
        await warehouse.insert("clv", list(rows[0]), lines, {})
    buying, spending = asdict(model.buying), asdict(model.spending)
    spending["spending_log_likelihood"] = spending.pop("log_likelihood")
    row = {
        **fit_id,
        "from_day": head["from_day"],
        "to_day": head["to_day"],
        "period_days": wanted.period_days,
        "customers": model.customers,
        **buying,
        "repeaters": model.repeaters,
        **spending,
        "periods": wanted.periods,
        "discount": wanted.discount,
    }
    await warehouse.insert("clv_models", list(row), json.dumps(row).encode(), {})
    former = "DELETE FROM clv WHERE lane = {lane:String} AND currency = {currency:String} AND fitted_at < {fitted_at:DateTime64(3, 'UTC')}"
    await warehouse.execute(former, fit_id)
