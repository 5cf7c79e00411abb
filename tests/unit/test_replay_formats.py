"""Each format's reader, a row at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from replays import rees46, taobao
from replays.csv_columns import CsvOptions, csv_columns
from replays.files import InputError, Record
from replays.online_retail import online_retail
from replays.rows import Format, Ready, Reject, outcome, read_file

RETAIL = online_retail(ZoneInfo("Europe/London"))
REES46_ROW = "2019-10-01 00:00:01 UTC,{event},17200506,2053013559792632471,furniture.living_room.sofa,,543.10,519107250,566511c2"


def row_of(spec: Format, line: str) -> Ready | Reject:
    return outcome(1, Record(line.split(","), line.encode()), spec.columns, spec)


def message_of(spec: Format, line: str) -> dict[str, Any]:
    found = row_of(spec, line)
    assert isinstance(found, Ready), found
    message: dict[str, Any] = msgspec.json.decode(found.body)
    return message


def reject_of(spec: Format, line: str) -> tuple[str, str, str]:
    found = row_of(spec, line)
    assert isinstance(found, Reject), found
    return found.code, found.field, found.message


def test_a_taobao_row_is_an_event_of_its_user() -> None:
    message = message_of(taobao.FORMAT, "1,2268318,2520377,buy,1511544070")
    assert message.pop("messageId").startswith("taobao-")
    assert message == {
        "type": "track",
        "event": "purchase",
        "timestamp": "2017-11-24T17:21:10.000Z",
        "userId": "1",
        "properties": {"items": [{"product_id": "2268318", "category": "2520377"}]},
    }


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("1,2,3,look,1511544070", "invalid_field", "behaviour"),
        ("1,2,3,pv,yesterday", "invalid_field", "time"),
        ("1,2,3,pv,-5", "invalid_field", "time"),
        ("1,,3,pv,1511544070", "missing_field", "item"),
        (",2,3,pv,1511544070", "missing_field", "user"),
        ("1,2,3,pv", "missing_field", "time"),
        ("1,2,3,pv,1511544070,6", "invalid_field", ""),
        ("", "missing_field", "item"),
    ],
)
def test_a_taobao_row_that_cannot_be_read_says_why(line: str, code: str, field: str) -> None:
    assert reject_of(taobao.FORMAT, line)[:2] == (code, field)


def test_a_rees46_purchase_is_worth_its_price() -> None:
    message = message_of(rees46.FORMAT, REES46_ROW.format(event="purchase"))
    item = {"product_id": "17200506", "category": "furniture.living_room.sofa", "brand": "", "price": 543.1}
    assert message["properties"] == {
        "items": [item],
        "currency": "USD",
        "value": 543.1,
        "category_id": "2053013559792632471",
        "user_session": "566511c2",
    }


def test_a_rees46_view_is_worth_nothing() -> None:
    assert "value" not in message_of(rees46.FORMAT, REES46_ROW.format(event="view"))["properties"]


def test_a_row_that_is_cut_off_is_rejected_not_repaired() -> None:
    line = "2019-10-01 02:50:00 UTC,view,10900305,2053013555069845885,appliances.kitchen.mixer,elenberg,25.71,52040330"
    assert reject_of(rees46.FORMAT, line) == ("missing_field", "user_session", "row 1 has 8 of 9 columns")


def test_an_invoice_line_is_a_purchase_in_the_shop_s_own_time() -> None:
    message = message_of(RETAIL, "536365,85123A,HEART HOLDER,6,2011-07-01 08:26:00,2.55,17850,United Kingdom")
    assert (message["event"], message["timestamp"], message["userId"]) == ("purchase", "2011-07-01T07:26:00.000Z", "17850")
    assert message["properties"]["value"] == 15.3
    assert message["properties"]["items"] == [{"product_id": "85123A", "name": "HEART HOLDER", "price": 2.55, "quantity": 6}]


def test_a_cancellation_line_is_a_refund_of_what_is_given_back() -> None:
    message = message_of(RETAIL, "C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527,United Kingdom")
    assert (message["event"], message["properties"]["order_id"], message["properties"]["value"]) == ("refund", "C536379", 27.5)
    assert message["properties"]["items"][0]["quantity"] == 1


@pytest.mark.parametrize("line", ["536589,21777,,-10,2010-12-01 16:50:00,0,,UK", "A563186,B,Adjust,1,2011-08-12 14:51:00,-11062.06,,UK"])
def test_a_line_that_is_no_trade_is_an_adjustment_of_nobody_s_device(line: str) -> None:
    message = message_of(RETAIL, line)
    assert (message["event"], message["anonymousId"], "userId" in message) == ("stock_adjustment", f"invoice-{line.split(',')[0]}", False)


def test_csv_options_say_which_column_is_what() -> None:
    columns = {"event": "action", "time": "ts", "user_id": "who", "product_id": "sku"}
    spec = csv_columns(CsvOptions(columns=columns, events={"buy": "purchase"}, time_format="s", currency="EUR"))
    line = Record(["buy", "1511544070", "ann", "A1", "2.50", "2", "north"], b"")
    found = outcome(1, line, ("action", "ts", "who", "sku", "price", "quantity", "region"), spec)
    assert isinstance(found, Ready)
    message = msgspec.json.decode(found.body)
    assert (message["event"], message["userId"], found.key, found.at_ms) == ("purchase", "ann", "ann", 1_511_544_070_000)
    item = {"product_id": "A1", "price": 2.5, "quantity": 2}
    assert message["properties"] == {"region": "north", "items": [item], "value": 5.0, "currency": "EUR"}


def test_csv_columns_without_a_header_are_numbers_and_none_is_lost() -> None:
    spec = csv_columns(CsvOptions(columns={"event": "2", "time": "1", "device_id": "3"}, header=False))
    message = message_of(spec, "2024-05-01T00:00:00+02:00,login,phone,extra")
    assert (message["timestamp"], message["anonymousId"]) == ("2024-04-30T22:00:00.000Z", "phone")
    assert message["properties"] == {"column_4": "extra"}


def test_csv_takes_the_message_id_of_a_column() -> None:
    spec = csv_columns(CsvOptions(columns={"event": "1", "time": "2", "message_id": "3"}, header=False, time_format="%d.%m.%Y %H:%M"))
    message = message_of(spec, "login,31.12.2023 23:59,m-1")
    assert (message["messageId"], message["timestamp"]) == ("m-1", "2023-12-31T23:59:00.000Z")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (CsvOptions(columns={"colour": "c"}), "no such field"),
        (CsvOptions(header=False), "--column event=NUMBER"),
        (CsvOptions(columns={"event": "0", "time": "2"}, header=False), "--column event=NUMBER"),
    ],
)
def test_csv_options_that_do_not_fit_are_said(options: CsvOptions, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        csv_columns(options)


def test_a_file_without_the_needed_columns_is_not_that_kind_of_file(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"names no column event_time, .*user_session"):
        list(read_file(file, rees46.FORMAT))


def test_an_exact_copy_of_a_row_has_the_same_message_id_and_any_other_row_another() -> None:
    one, copy, other = (message_of(taobao.FORMAT, f"1,2,3,pv,{time}")["messageId"] for time in (1511544070, 1511544070, 1511544071))
    assert one == copy != other
