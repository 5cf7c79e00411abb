"""Texts that were cut in the middle of an emoji do not cost the batch they are in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from collector.surrogates import mended
from tests.asgi_lab import collector

KEY = {"X-Write-Key": "wk"}
HALF, WHOLE = "Sale \ud83d", "Sale \U0001f600"
LOST = "Sale \ufffd"


@pytest.mark.parametrize("value", [WHOLE, "\\ud83d", "\\\\ud83d", 'a "quote" and \\', {"\U0001f600": ["\\u"]}, "plain"])
def test_what_is_whole_stays_as_it_is(value: Any) -> None:
    text = json.dumps(value).encode()
    assert mended(text) == text


@pytest.mark.parametrize("text", [HALF, "\ude00x", "\ud83d\ud83d", "\ud83d\U0001f600", "\\\ud83d", "\ud83d\\ude00"])
def test_half_a_character_becomes_the_replacement_character(text: str) -> None:
    expected = "".join("\ufffd" if 0xD800 <= ord(each) < 0xE000 else each for each in text)
    assert json.loads(mended(json.dumps(text).encode())) == expected
    assert json.loads(mended(json.dumps(text).replace("\\ud", "\\uD").encode())) == expected.replace("\\ud", "\\uD")


async def test_an_event_with_half_an_emoji_is_taken_and_so_are_those_beside_it() -> None:
    track = {"type": "track", "userId": "u"}
    told = {"schema": "iglu:a/b/jsonschema/1-0-0", "data": {"schema": "iglu:shop/thing/jsonschema/1-0-0", "data": {"a": HALF}}}
    packed = base64.b64encode(json.dumps(told).encode()).decode()
    form = json.dumps({"api_key": "wk", "batch": [{"event": "x", "distinct_id": "u", "properties": {"a": HALF}}]})
    cloud = {"id": "1", "source": "s", "specversion": "1.0", "type": "x", "subject": "u"}
    requests: list[tuple[str, Any]] = [
        ("/v1/batch", {"batch": [{**track, "event": "x"}, {**track, "event": "x", "properties": {"a": HALF}}]}),
        ("/v1/track", {"event": "x", "userId": "u", "properties": {"a": HALF}}),
        (
            "/com.snowplowanalytics.snowplow/tp2",
            {"data": [{"e": "ue", "uid": "u", "ue_px": packed}, {"e": "ue", "uid": "u", "ue_pr": json.dumps(told)}]},
        ),
        ("/e/", b"data=" + base64.b64encode(form.encode())),
        ("/cloudevents", {**cloud, "data_base64": base64.b64encode(json.dumps({"a": HALF}).encode()).decode()}),
    ]
    async with collector() as lab:
        for address, body in requests:
            reply = await lab.ask("POST", address, body, KEY)
            assert (reply.status, reply.json["rejected"]) == (200, []), address
        assert [line.props.get("a", LOST) for line in lab.taken()] == [LOST] * 7
