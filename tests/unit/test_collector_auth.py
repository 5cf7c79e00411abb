"""Write keys in all the places where clients put them, and the secret key."""

import base64
from typing import Any

import pytest

from collector.answers import Refused
from collector.auth import Keys

KEYS = Keys({"wk": "web"}, "sk")


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "in_body"),
    [
        ({}, "wk"),
        (basic("wk:"), None),
        (basic("wk"), None),
        ({"x-write-key": "wk"}, None),
        ({"x-write-key": "wk"}, "***"),
        ({"authorization": "Bearer wk"}, None),
        ({"authorization": "bearer sk"}, "wk"),
        ({"authorization": "Basic !!"}, "wk"),
    ],
)
def test_where_the_write_key_may_be(headers: dict[str, str], in_body: Any) -> None:
    assert KEYS.write_key(headers, in_body) == "wk"


@pytest.mark.parametrize(
    ("headers", "in_body", "code"),
    [
        ({}, None, "missing_write_key"),
        ({}, 5, "missing_write_key"),
        ({"authorization": "Bearer sk"}, None, "missing_write_key"),
        ({}, "other", "unknown_write_key"),
        (basic("other:"), None, "unknown_write_key"),
        ({}, "wk\ud800", "unknown_write_key"),
    ],
)
def test_without_a_known_key_there_is_no_entry(headers: dict[str, str], in_body: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        KEYS.write_key(headers, in_body)
    assert (refused.value.status, refused.value.code) == (401, code)


def test_the_secret_key_is_a_bearer() -> None:
    KEYS.need_secret({"authorization": "Bearer sk"})
    for headers in ({}, {"authorization": "Bearer wk"}, basic("sk:"), {"authorization": "Bearer "}):
        with pytest.raises(Refused) as refused:
            KEYS.need_secret(headers)
        assert refused.value.status == 401


def test_an_empty_secret_opens_nothing() -> None:
    with pytest.raises(Refused):
        Keys({"wk": "web"}, "").need_secret({"authorization": "Bearer "})
