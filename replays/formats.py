"""The formats by name."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from replays import rees46, taobao
from replays.csv_columns import CsvOptions, csv_columns
from replays.online_retail import online_retail
from replays.rows import Format

NAMES = ("taobao", "rees46", "online-retail", "csv")
LONDON = "Europe/London"


def format_of(name: str, zone: ZoneInfo | None, options: CsvOptions) -> Format:
    """The format of that name. `zone` is the clock of logs whose times have no zone."""
    if name == "csv":
        return csv_columns(options)
    if name == "online-retail":
        return online_retail(zone or ZoneInfo(LONDON))
    return {"taobao": taobao.FORMAT, "rees46": rees46.FORMAT}[name]
