"""Amounts and quantities of a row, exact."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from replays.rows import Cells, RowError, need


def amount(cells: Cells, name: str) -> Decimal:
    """The cell as a decimal; nothing and less than nothing are amounts too."""
    text = need(cells, name)
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise RowError(name, f"{name} {text!r} is no amount") from error
    if not found.is_finite():
        raise RowError(name, f"{name} {text!r} is no amount")
    return found


def whole(cells: Cells, name: str) -> int:
    """The cell as a whole number, of either sign."""
    text = need(cells, name)
    try:
        return int(text)
    except ValueError as error:
        raise RowError(name, f"{name} {text!r} is no whole number") from error
