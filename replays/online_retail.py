"""UCI's Online Retail: the lines of a wholesaler's invoices, in local time without a zone.

Each line is one event of the order `InvoiceNo` with one item, because the file's lines are what its figures are about (and its exact
duplicate lines are duplicates): sum `value` over an order for the order's worth.

- A line of an invoice: `purchase`, value = quantity x price (prices of nothing or less are data).
- A line of a cancellation (invoice `C...`): `refund`, value = what is given back, so positive.
- A line that takes goods away without being a cancellation (damages, counts), or that corrects the books (`A...`): the event
  `stock_adjustment`, outside the catalogue and so in nobody's funnel or revenue; value = quantity x price, whatever its sign.
- A line without a customer belongs to the device `invoice-<InvoiceNo>`.

So sum(value) of purchases - refunds + adjustments is the file's sum(Quantity * UnitPrice).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from replays.amounts import amount, whole
from replays.rows import Cells, Draft, Format, RowError, need
from replays.times import ms_of

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
ADJUSTMENT = "stock_adjustment"


def online_retail(zone: ZoneInfo) -> Format:
    """The format, with the zone of the shop's clock."""
    return Format(name="online-retail", columns=COLUMNS, read=lambda cells: _read(cells, zone))


def _read(cells: Cells, zone: ZoneInfo) -> Draft:
    invoice, quantity, price = need(cells, "InvoiceNo"), whole(cells, "Quantity"), amount(cells, "UnitPrice")
    event = _event(invoice, quantity)
    customer = cells["CustomerID"].removesuffix(".0")
    return Draft(
        event=event,
        at_ms=_at_ms(cells["InvoiceDate"], zone),
        user_id=customer,
        device_id="" if customer else f"invoice-{invoice}",
        properties=_properties(cells, event, quantity, price),
    )


def _event(invoice: str, quantity: int) -> str:
    if invoice.startswith("C"):
        return "refund"
    return "purchase" if quantity > 0 and invoice[0].isdigit() else ADJUSTMENT


def _properties(cells: Cells, event: str, quantity: int, price: Decimal) -> dict[str, Any]:
    item: dict[str, Any] = {"product_id": need(cells, "StockCode"), "name": cells["Description"], "price": price}
    if quantity:
        item["quantity"] = abs(quantity)
    return {
        "items": [item],
        "order_id": cells["InvoiceNo"],
        "value": quantity * price * (-1 if event == "refund" else 1),
        "currency": "GBP",
        "line_quantity": quantity,
        "customer_country": cells["Country"],
    }


def _at_ms(text: str, zone: ZoneInfo) -> int:
    try:
        return ms_of(datetime.fromisoformat(text), zone)
    except ValueError as error:
        raise RowError("InvoiceDate", f"InvoiceDate {text!r} is no time like '2010-12-01 08:26:00'") from error
