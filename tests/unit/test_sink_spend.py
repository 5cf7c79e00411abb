"""What a file of advertising cost holds, and how it is said what is wrong with a line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from sinks.spend_file import Key, Reject, SpendFileError, read_spend

HEADER = "Date,Channel,utm_source,utm_campaign,Spend,Currency,Clicks\n"


def test_lines_of_one_campaign_and_day_are_added_up() -> None:
    text = [
        HEADER,
        "2026-03-01,ads,google,brand,1.50,EUR,3\n",
        "\n",
        "2026-03-01,Ads,google,brand,2.2501,eur,\n",
        "2026-03-01,ads,,,1,USD,1\n",
    ]
    seen: list[int] = []
    found = read_spend(text, seen.append)
    day = date(2026, 3, 1)
    rows = {key: (paid.cost, paid.clicks, paid.impressions) for key, paid in found.rows.items()}
    assert rows == {
        Key(day, "ads", "google", "", "brand", "EUR"): (Decimal("3.7501"), 3, 0),
        Key(day, "ads", "", "", "", "USD"): (Decimal(1), 1, 0),
    }
    assert (found.lines, found.added_up, found.rejects, seen) == (3, 1, [], [1, 2, 3])


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("2026-02-30,ads,,,1,EUR,1", "day", "'2026-02-30' is no day like 2026-01-31"),
        ("1969-12-31,ads,,,1,EUR,1", "day", "'1969-12-31' is not between 1970 and 2148"),
        ("2026-03-01,adwords,,,1,EUR,1", "channel", "'adwords' is none of search, social, email, ads, referral, offline, direct"),
        ('2026-03-01,ads,,,"1,50",EUR,1', "cost", "'1,50' is no amount like 1234.50"),
        ("2026-03-01,ads,,,,EUR,1", "cost", "'' is no amount like 1234.50"),
        ("2026-03-01,ads,,,-1,EUR,1", "cost", "'-1' is not an amount from 0 to under 100000000000000"),
        ("2026-03-01,ads,,,NaN,EUR,1", "cost", "'NaN' is not an amount from 0 to under 100000000000000"),
        ("2026-03-01,ads,,,1.00001,EUR,1", "cost", "'1.00001' has more than 4 decimal places"),
        ("2026-03-01,ads,,,1,Euro,1", "currency", "'Euro' is no ISO 4217 code like EUR"),
        ("2026-03-01,ads,,,1,EUR,1.5", "clicks", "'1.5' is no whole number from 0 on"),
        ("2026-03-01,ads,,,1,EUR,9223372036854775808", "clicks", "'9223372036854775808' is no whole number from 0 on"),
        (f"2026-03-01,ads,{'x' * 513},,1,EUR,1", "campaign_source", "longer than 512 characters"),
        ("2026-03-01,ads,,,1,EUR", "", "6 cells; the header has 7"),
    ],
)
def test_a_wrong_line_is_told_with_its_column(line: str, column: str, message: str) -> None:
    found = read_spend([HEADER, "2026-03-01,ads,,,1,EUR,1\n", f"{line}\n", "2026-03-02,ads,,,1,EUR,1\n"])
    assert found.rejects == [Reject(3, column, message)]
    assert (len(found.rows), found.lines, found.added_up) == (2, 3, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ([], "no column day, channel, cost, currency"),
        (["day,cost,currency\n"], "no column channel"),
        ([HEADER, '2026-03-01,"ads\n'], "line 2: unexpected end of data"),
    ],
)
def test_a_file_that_is_none_is_refused(text: list[str], message: str) -> None:
    with pytest.raises(SpendFileError, match=message):
        read_spend(text)
