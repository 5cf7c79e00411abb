"""What the simulated shop pays for advertising, day by day: a draw of its own, as an advertising network would report it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from simulator.catalog import CURRENCIES
from simulator.config import SimConfig
from simulator.payload import CAMPAIGNS

# Mean cost of a day, in each currency. Search and the rest cost nothing.
_COST = {"ads": 9, "social": 14, "email": 1, "offline": 5}


class Paid(NamedTuple):
    """One line of the report; its fields are the columns of the file that `cartwake spend import` takes."""

    day: date
    channel: str
    campaign_source: str
    campaign_medium: str
    campaign_name: str
    cost: Decimal
    currency: str
    clicks: int
    impressions: int


def spend_of(config: SimConfig) -> Iterator[Paid]:
    """Every paid day of every campaign, in order."""
    random = Random(f"{config.seed}:spend")
    first = datetime.fromtimestamp(config.start_ms / 1000, UTC).date()
    for number in range(config.days):
        for channel, mean in _COST.items():
            campaign = CAMPAIGNS[channel]
            for currency in CURRENCIES:
                cost = Decimal(random.randrange(50 * mean, 150 * mean)) / 100
                clicks = random.randrange(5, 50)
                names = (campaign["source"], campaign["medium"], campaign.get("name", ""))
                yield Paid(first + timedelta(number), channel, *names, cost, currency, clicks, clicks * random.randrange(20, 60))
