"""Write keys in all the places where clients put them, secret keys, the ends of both, and the origins that may use a key."""

import base64
from typing import Any

import pytest

from collector.answers import Refused
from collector.auth import Keys, keys_of
from runtime.settings import Settings, SettingsError

NOW_MS = 1_700_000_000_000  # 2023-11-14T22:13:20Z
KEYS = Keys({"wk": "web"}, ("sk",))
ROTATED = Keys(
    {"old": "web", "new": "web", "bad-old": "web"}, ("sk-old", "sk-new"), {"old": NOW_MS, "bad-old": NOW_MS - 1, "sk-old": NOW_MS}
)
ORIGINS = Keys({"wk": "web", "any": "web"}, origins={"wk": ("https://shop.example", "https://*.shop.example")})


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


@pytest.mark.parametrize(
    ("headers", "in_body"),
    [
        ({}, "wk"),
        (basic("wk:"), None),
        (basic("wk"), None),
        ({"x-write-key": "wk"}, None),
        ({"x-write-key": "wk"}, "***"),
        (bearer("wk"), None),
        ({"authorization": "bearer sk"}, "wk"),
        ({"authorization": "Basic !!"}, "wk"),
    ],
)
def test_where_the_write_key_may_be(headers: dict[str, str], in_body: Any) -> None:
    assert KEYS.write_key(headers, NOW_MS, in_body) == "wk"


@pytest.mark.parametrize(
    ("headers", "in_body", "code"),
    [
        ({}, None, "missing_write_key"),
        ({}, 5, "missing_write_key"),
        (bearer("sk"), None, "missing_write_key"),
        (basic("sk:"), None, "missing_write_key"),
        ({"x-write-key": "sk"}, "sk", "missing_write_key"),
        ({}, "other", "unknown_write_key"),
        (basic("other:"), None, "unknown_write_key"),
        ({}, "wk\ud800", "unknown_write_key"),
    ],
)
def test_without_a_known_write_key_there_is_no_entry_and_a_secret_one_is_none(headers: dict[str, str], in_body: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        KEYS.write_key(headers, NOW_MS, in_body)
    assert (refused.value.status, refused.value.code) == (401, code)


def test_a_secret_key_is_a_bearer_and_a_write_key_is_no_secret() -> None:
    KEYS.need_secret(bearer("sk"), NOW_MS)
    for headers in ({}, bearer("wk"), basic("sk:"), {"authorization": "Bearer "}):
        with pytest.raises(Refused) as refused:
            KEYS.need_secret(headers, NOW_MS)
        assert refused.value.status == 401


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_an_empty_secret_opens_nothing(secrets: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        Keys({"wk": "web"}, secrets).need_secret({"authorization": "Bearer "}, NOW_MS)


def test_while_keys_are_rotated_the_old_and_the_new_are_valid_until_the_old_ends() -> None:
    for key in ("old", "new"):
        assert ROTATED.write_key({}, NOW_MS - 1, key) == key
    for key in ("sk-old", "sk-new"):
        ROTATED.need_secret(bearer(key), NOW_MS - 1)
    assert ROTATED.write_key({}, NOW_MS, "new") == "new"
    ROTATED.need_secret(bearer("sk-new"), NOW_MS)
    with pytest.raises(Refused) as refused:
        ROTATED.write_key({}, NOW_MS, "old")
    assert (refused.value.status, refused.value.code) == (401, "expired_write_key")
    with pytest.raises(Refused) as refused:
        ROTATED.need_secret(bearer("sk-old"), NOW_MS)
    assert refused.value.code == "secret_key_needed"


def test_a_key_that_has_ended_does_not_hide_one_that_is_valid() -> None:
    assert ROTATED.write_key({"x-write-key": "bad-old"}, NOW_MS - 1, "new") == "new"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example", True),
        ("https://SHOP.example", True),
        ("https://m.shop.example", True),
        ("https://a.b.shop.example", True),
        ("", True),
        ("http://shop.example", False),
        ("http://m.shop.example", False),
        ("https://shop.example:8443", False),
        ("https://evilshop.example", False),
        ("https://shop.example.evil.example", False),
        ("null", False),
    ],
)
def test_only_pages_of_the_listed_origins_may_use_a_key(origin: str, allowed: bool) -> None:
    headers = {"origin": origin} if origin else {}
    assert ORIGINS.write_key(headers, NOW_MS, "any") == "any"
    if allowed:
        assert ORIGINS.write_key(headers, NOW_MS, "wk") == "wk"
    else:
        with pytest.raises(Refused) as refused:
            ORIGINS.write_key(headers, NOW_MS, "wk")
        assert (refused.value.status, refused.value.code) == (403, "origin_not_allowed")


def settings(**changes: Any) -> Settings:
    return Settings(**{"write_keys": {"wk": "web"}, "secret_key": "sk", **changes})


def test_the_settings_say_when_keys_end_and_where_they_may_be_used() -> None:
    ends = {"wk": "2023-11-14", "sk": "2023-11-14T22:13:20Z", "sk2": "2023-11-15T00:13:20+02:00"}
    keys = keys_of(settings(more_secret_keys=["sk2"], keys_until=ends, write_key_origins={"wk": "https://A.example  https://*.b.example"}))
    assert keys.secret_keys == ("sk", "sk2")
    assert keys.until_ms == {"wk": 1_700_006_400_000, "sk": NOW_MS, "sk2": NOW_MS}  # the day's end is 2023-11-15T00:00Z
    assert keys.origins == {"wk": ("https://a.example", "https://*.b.example")}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"write_keys": {"sk": "web"}}, "write_keys"),
        ({"more_secret_keys": ["wk"]}, "write_keys"),
        ({"keys_until": {"wk": "soon"}}, "keys_until"),
        ({"keys_until": {"other": "2026-12-31"}}, "keys_until"),
        ({"write_key_origins": {"other": "https://a.example"}}, "write_key_origins"),
        ({"key_rate_limits_events_per_s": {"other": 1}}, "key_rate_limits_events_per_s"),
        ({"key_quotas_events_per_day": {"other": 1}}, "key_quotas_events_per_day"),
    ],
)
def test_settings_that_contradict_one_another_are_named_and_secrets_are_not(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as error:
        keys_of(settings(**changes))
    assert "'sk'" not in str(error.value)
