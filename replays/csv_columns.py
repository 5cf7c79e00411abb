"""Any log with a row an event: options say which column is what. Columns that no option names become properties of their own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from replays.amounts import amount, whole
from replays.rows import Cells, Draft, Format, RowError, column_name, need
from replays.times import time_of
from schemas.properties import Properties

TEXT_OF_ITEM = ("product_id", "name", "category", "brand", "variant")
TEXT_OF_EVENT = ("order_id", "cart_id", "coupon", "payment_method", "search_term", "list_id", "share_id", "method", "currency")
FIELDS = ("event", "time", "user_id", "device_id", "message_id", "price", "quantity", "value", *TEXT_OF_ITEM, *TEXT_OF_EVENT)
NAMED_PROPERTIES = frozenset(field.name for field in msgspec.structs.fields(Properties))


class CsvOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`columns`: field -> column, by name, or by number from 1 where there is no header. A column of a field's own name needs no option."""

    columns: dict[str, str] = {}
    events: dict[str, str] = {}
    time_format: str = "iso"
    zone: ZoneInfo = ZoneInfo("UTC")
    currency: str = ""
    delimiter: str = ","
    header: bool = True


def csv_columns(options: CsvOptions) -> Format:
    """The format that the options describe. Raises ValueError when they do not fit together."""
    unknown = [field for field in options.columns if field not in FIELDS]
    if unknown:
        raise ValueError(f"--column {unknown[0]}=...: no such field; one of {', '.join(FIELDS)}")
    wanted = {field: options.columns.get(field, field) for field in ("event", "time")} | options.columns
    named = wanted if options.header else {field: _numbered(field, column) for field, column in wanted.items()}
    return Format(
        name="csv",
        columns=tuple(dict.fromkeys(named.values()))
        if options.header
        else tuple(map(column_name, range(1, 1 + max(map(int, wanted.values()))))),
        read=lambda cells: _read(_by_field(cells, named), options),
        header=options.header,
        delimiter=options.delimiter,
        open_ended=not options.header,
    )


def _numbered(field: str, column: str) -> str:
    if not column.isdigit() or int(column) < 1:
        raise ValueError(f"--column {field}=NUMBER is needed: without a header a column is its number, from 1")
    return column_name(int(column))


def _by_field(cells: Cells, named: dict[str, str]) -> dict[str, str]:
    """The cells under the names of their fields; all others under their own."""
    taken = set(named.values())
    found = {column: text for column, text in cells.items() if column not in taken}
    return found | {field: cells[column] for field, column in named.items() if column in cells}


def _read(cells: dict[str, str], options: CsvOptions) -> Draft:
    raw = need(cells, "event")
    event = options.events.get(raw, raw)
    return Draft(
        event=event,
        at_ms=_at_ms(need(cells, "time"), options),
        user_id=cells.get("user_id", ""),
        device_id=cells.get("device_id", ""),
        message_id=cells.get("message_id", ""),
        properties=_properties(cells, event, options),
    )


def _at_ms(text: str, options: CsvOptions) -> int:
    try:
        return time_of(text, options.time_format, options.zone)
    except (ValueError, OverflowError) as error:
        raise RowError("time", f"time {text!r} is no time of the format {options.time_format!r}: {error}") from error


def _properties(cells: dict[str, str], event: str, options: CsvOptions) -> dict[str, Any]:
    others = {name: text for name, text in cells.items() if text and name not in FIELDS and name not in NAMED_PROPERTIES}
    found: dict[str, Any] = others | {name: cells[name] for name in TEXT_OF_EVENT if cells.get(name)}
    item = _item(cells)
    if item:
        found["items"] = [item]
    value = _value(cells, event, item)
    if value is not None:
        found["value"] = value
    if options.currency and "currency" not in found:
        found["currency"] = options.currency
    return found


def _item(cells: dict[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {name: cells[name] for name in TEXT_OF_ITEM if cells.get(name)}
    if item and cells.get("price"):
        item["price"] = amount(cells, "price")
    if item and cells.get("quantity"):
        item["quantity"] = whole(cells, "quantity")
    return item


def _value(cells: dict[str, str], event: str, item: dict[str, Any]) -> Decimal | None:
    """The value given, else for a purchase what its item costs."""
    if cells.get("value"):
        return amount(cells, "value")
    if event == "purchase" and "price" in item:
        price: Decimal = item["price"]
        return price * int(item.get("quantity", 1))
    return None
