"""Real files in the sales views, against the same files read with nothing but csv.

Rows are read by the formats of `replays` and go straight into the tables, without the stream: what a line becomes is the format's
matter, and the stream's only part in it is to drop lines that came before (the message id is the hash of the line).
"""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from replays import rees46, taobao
from replays.online_retail import online_retail
from replays.rows import Format, Ready, read_file
from tests.views_lab import Lab, lab

pytestmark = pytest.mark.timeout(600)
DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
DAY_S = 86_400
CHUNK = 50_000


def real(name: str) -> Path:
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{name} is not there: set CARTWAKE_DATA to the folder of the real data")
    return file


@pytest.fixture(scope="module")
def shop(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse, business_timezone="Europe/London") as made:
        yield made


def fill(shop: Lab, lane: str, path: Path, spec: Format) -> int:
    """All rows of the file but those that came before; how many were no event."""
    rejected, seen = 0, set[str]()

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal rejected
        for outcome in read_file(path, spec):
            if not isinstance(outcome, Ready):
                rejected += 1
                continue
            said = orjson.loads(outcome.body)
            if said["messageId"] not in seen:
                seen.add(said["messageId"])
                yield _row(lane, said, outcome.at_ms)

    found = rows()
    while chunk := list(islice(found, CHUNK)):
        shop.insert("events", chunk)
    return rejected


def _row(lane: str, said: dict[str, Any], at_ms: int) -> dict[str, Any]:
    properties, user = said["properties"], said.get("userId", "")
    row = {
        "lane": lane,
        "write_key": "file",
        "message_id": said["messageId"],
        "person_id": f"u:{user}" if user else f"d:{said['anonymousId']}",
        "user_id": user,
        "event": said["event"] if said["event"] != "stock_adjustment" else "custom",
        "event_raw": said["event"],
        "occurred_at_ms": at_ms,
        "received_at_ms": at_ms,
        "items": [{"quantity": 1, **item} for item in properties.get("items", ())],  # as the collector does
    }
    return row | {name: properties[name] for name in ("order_id", "value", "currency") if name in properties}


def totals(shop: Lab, lane: str) -> dict[str, Any]:
    [row] = shop.ask(
        f"SELECT * FROM sales(lane = '{lane}', from_day = '2000-01-01', to_day = '2030-01-01', grain = 'total', dimension = 'none')"
    )
    return row


@cache
def invoice_lines() -> tuple[tuple[bool, dict[str, str]], ...]:
    """Every line of Online Retail, and whether an equal one stands before it."""
    seen, found = set[tuple[str, ...]](), []
    with gzip.open(real("online_retail/online_retail.csv.gz"), "rt", encoding="utf-8", newline="") as text:
        for line in csv.DictReader(text):
            cells = tuple(line.values())
            found.append((cells in seen, line))
            seen.add(cells)
    return tuple(found)


def worth(line: dict[str, str]) -> Decimal:
    return int(line["Quantity"]) * Decimal(line["UnitPrice"])


def kind_of(line: dict[str, str]) -> str:
    if line["InvoiceNo"][0] == "C":
        return "refund"
    return "purchase" if line["InvoiceNo"][0] != "A" and int(line["Quantity"]) > 0 else "adjustment"


def sold() -> Iterator[tuple[str, dict[str, str]]]:
    """The lines that count, with their kind: no copies, and of an invoice that says the same thing in two minutes only the first."""
    said = set[tuple[str, ...]]()
    for is_copy, line in invoice_lines():
        kind = kind_of(line)
        thing = (line["InvoiceNo"], line["StockCode"], line["Description"], line["Quantity"], line["UnitPrice"])
        if is_copy or (kind == "purchase" and thing in said):
            continue
        said.add(thing)
        yield kind, line


def person(line: dict[str, str]) -> str:
    return line["CustomerID"] or line["InvoiceNo"]


@pytest.fixture(scope="module")
def retail(shop: Lab) -> Lab:
    path = real("online_retail/online_retail.csv.gz")
    assert fill(shop, "retail", path, online_retail(ZoneInfo("Europe/London"))) == 0
    return shop


@pytest.fixture(scope="module")
def retail_totals(retail: Lab) -> dict[str, Any]:
    return totals(retail, "retail")


def test_online_retail_adds_up_to_the_cent(retail: Lab, retail_totals: dict[str, Any]) -> None:
    """Sales, corrections, copies that the stream drops and the one line that an invoice repeats are the whole file."""
    found = retail_totals
    [adjusted] = retail.ask("SELECT sum(value) AS value FROM events WHERE lane = 'retail' AND event_raw = 'stock_adjustment'")
    [repeats] = retail.ask("SELECT sum(repeats) AS lines FROM orders_now WHERE lane = 'retail'")
    copies = [worth(line) for is_copy, line in invoice_lines() if is_copy]
    everything = sum(worth(line) for _, line in invoice_lines())
    repeated = Decimal("3.90")
    assert (len(invoice_lines()), len(copies), repeats["lines"]) == (541_909, 5_268, 1)
    assert (found["net_revenue"], adjusted["value"], sum(copies)) == (Decimal("9737065.114"), Decimal("-11062.06"), Decimal("21740.98"))
    assert found["net_revenue"] + adjusted["value"] + sum(copies) + repeated == everything == Decimal("9747747.934")


def test_online_retail_has_its_invoices_and_customers(retail: Lab, retail_totals: dict[str, Any]) -> None:
    [found] = retail.ask(
        """SELECT uniqExact(order_id) AS invoices, uniqExactIf(person_id, startsWith(person_id, 'u:')) AS customers
        FROM events_resolved WHERE lane = 'retail'"""
    )
    assert found == {"invoices": 25_900, "customers": 4_372}
    orders = {line["InvoiceNo"] for kind, line in sold() if kind == "purchase"}
    buyers = {person(line) for kind, line in sold() if kind == "purchase"}
    assert (retail_totals["orders"], retail_totals["buyers"]) == (len(orders), len(buyers))


def test_online_retails_months_are_those_of_the_file(retail: Lab) -> None:
    expected: dict[str, list[Any]] = defaultdict(lambda: [Decimal(0), Decimal(0), set(), 0])
    for kind, line in sold():
        month = expected[line["InvoiceDate"][:7]]
        if kind == "purchase":
            month[0] += worth(line)
            month[2].add(line["InvoiceNo"])
            month[3] += int(line["Quantity"])
        elif kind == "refund":
            month[1] -= worth(line)
    rows = retail.ask(
        """SELECT toString(period) AS month, revenue, refunded, orders, units, currency
        FROM sales(lane = 'retail', from_day = '2010-12-01', to_day = '2011-12-31', grain = 'month', dimension = 'none')"""
    )
    assert {row["month"][:7]: [row["revenue"], row["refunded"], row["orders"], row["units"]] for row in rows} == {
        month: [revenue, refunded, len(invoices), units] for month, (revenue, refunded, invoices, units) in expected.items()
    }
    assert len(rows) == 13 and {row["currency"] for row in rows} == {"GBP"}


def test_online_retails_products_are_those_of_the_file(retail: Lab) -> None:
    expected = Counter[str]()
    for kind, line in sold():
        if kind == "purchase":
            expected[line["StockCode"]] += int(line["Quantity"])
    rows = retail.ask(
        """SELECT value, units FROM sales_by_item(
            lane = 'retail', from_day = '2010-12-01', to_day = '2011-12-31', grain = 'total', dimension = 'product') WHERE units > 0"""
    )
    assert {row["value"]: row["units"] for row in rows} == expected


def test_online_retails_cohorts_are_those_of_the_file(retail: Lab) -> None:
    months: dict[str, set[int]] = defaultdict(set)
    for kind, line in sold():
        if kind == "purchase":
            year, month = line["InvoiceDate"][:7].split("-")
            months[person(line)].add(int(year) * 12 + int(month) - 1)
    expected = Counter((min(own), month - min(own)) for own in months.values() for month in own)
    rows = retail.ask(
        """SELECT toYear(cohort) * 12 + toMonth(cohort) - 1 AS month, period_number, size, returned, complete
        FROM retention_buyers(lane = 'retail', from_day = '2010-12-01', to_day = '2011-12-09', grain = 'month', cohorts = 'first')"""
    )
    assert {(row["month"], row["period_number"]): row["returned"] for row in rows if row["returned"]} == expected
    assert all(row["size"] == expected[row["month"], 0] for row in rows)
    assert len(rows) == 13 * 14 // 2  # a triangle without holes
    assert {row["month"] + row["period_number"] for row in rows if not row["complete"]} == {2011 * 12 + 11}
    first = [row["returned"] for row in sorted(rows, key=lambda row: row["period_number"]) if row["month"] == 2010 * 12 + 11]
    assert first[0] > first[1] > 0


def test_rees46_has_its_revenue(shop: Lab) -> None:
    assert fill(shop, "rees46", real("rees46/multi_category_2019-10-01_head.csv.gz"), rees46.FORMAT) == 1
    found = totals(shop, "rees46")
    assert (found["currency"], found["revenue"], found["orders"], found["units"]) == ("USD", Decimal("59442.63"), 214, 214)
    [conversion] = shop.ask(
        "SELECT * FROM conversion(lane = 'rees46', from_day = '2019-09-30', to_day = '2019-10-02', grain = 'total', dimension = 'none')"
    )
    assert (conversion["visitors"], conversion["buyers"]) == (4_504, found["buyers"])


def test_taobao_has_no_revenue_and_its_repurchases(shop: Lab) -> None:
    path = real("taobao/user_behavior.csv.gz")
    assert fill(shop, "taobao", path, taobao.FORMAT) == 0
    bought: dict[str, list[int]] = defaultdict(list)
    last_s = 0
    with gzip.open(path, "rt", newline="") as text:
        for user, _, _, behaviour, at_s in csv.reader(text):
            last_s = max(last_s, int(at_s))
            if behaviour == "buy":
                bought[user].append(int(at_s))
    found = totals(shop, "taobao")
    assert (found["currency"], found["revenue"], found["orders"], found["buyers"]) == ("", 0, 2_101, len(bought))
    times = [sorted(own) for own in bought.values()]
    old = [own for own in times if own[0] + 7 * DAY_S <= last_s]
    [row] = shop.ask("SELECT * FROM repurchase(lane = 'taobao', from_day = '2017-01-01', to_day = '2018-12-31')")
    assert (row["buyers"], row["repeat_buyers"]) == (len(times), sum(len(own) > 1 for own in times))
    assert (row["buyers_7"], row["again_7"]) == (len(old), sum(len(own) > 1 and own[1] - own[0] <= 7 * DAY_S for own in old))
    gaps = Counter((later - earlier + DAY_S // 2) // DAY_S for own in times for earlier, later in pairwise(own))
    rows = shop.ask("SELECT days, orders FROM repurchase_gaps(lane = 'taobao', from_day = '2017-01-01', to_day = '2018-12-31')")
    assert {row["days"]: row["orders"] for row in rows if row["orders"]} == gaps
