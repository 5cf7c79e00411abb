"""An event that no parser reads costs the others of its request nothing; it is kept in `rejected` with its bytes."""

import base64
import gzip
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.answers import Refused
from collector.salvage import cut_at
from tests.asgi_lab import collector
from tests.fuzz.seeds import SEEDS
from tests.fuzz.unreadable import unreadable

KEY = {"X-Write-Key": "wk"}
UNREADABLE = {
    "a bare NaN": (b'{"a":NaN}', "malformed_json"),
    "Infinity": (b'{"a":-Infinity}', "malformed_json"),
    "no value": (b'{"a":}', "malformed_json"),
    "an escape that is none": (rb'{"a":"\x41"}', "malformed_json"),
    "half an escape": (rb'{"a":"\u12"}', "malformed_json"),
    "an escaped quote and half an escape": (rb'{"a":"\"],[\u12"}', "malformed_json"),
    "a line end in a text": (b'{"a":"\n"}', "malformed_json"),
    "another bracket": (b'{"a":1]', "malformed_json"),
    "nothing at all": (b"", "malformed_json"),
    "a word": (b"undefined", "malformed_json"),
    "two without a comma": (b'{"a":1} {"a":2}', "malformed_json"),
    "a thousand levels": (b'{"a":' * 1000 + b"1" + b"}" * 1000, "too_complex"),
    "more bytes than an event may have": (b"[" * 50_000 + b"]" * 50_000, "too_large"),
}
BATCHES = {"segment": b'{"batch":[%b],"sentAt":"2023-11-14T22:13:20Z"}', "bare list": b" [ %b ] "}


def event(mark: str, dialect: str = "segment", kind: int = 0) -> bytes:
    return json.dumps(SEEDS[dialect].events(mark)[kind]).encode()


@pytest.mark.parametrize("body", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize(("bad", "code"), UNREADABLE.values(), ids=UNREADABLE)
async def test_the_others_arrive(bad: bytes, code: str, body: bytes) -> None:
    async with collector() as lab:
        answer = await lab.ask("POST", "/v1/batch", body % b" ,\n".join([event("m1"), bad, event("m2")]), KEY)
        assert (answer.status, answer.json["accepted"]) == (200, 2)
        assert [(each["index"], each["code"]) for each in answer.json["rejected"]] == [(1, code)]
        assert {line.message_id for line in lab.taken()} == {"m1", "m2"}
        [row] = lab.rejected()
        assert (row.code, row.raw) == (code, bad.decode())


@pytest.mark.parametrize("dialect", SEEDS)
async def test_in_every_dialect(dialect: str) -> None:
    seed = SEEDS[dialect]
    good, rng = seed.events("m"), Random(1)
    async with collector() as lab:
        for number in range(60):
            bad = unreadable(rng, good[number % len(good)])
            whole = json.dumps(seed.wrap([good[0], "here", *good])).encode()
            answer = await lab.ask("POST", f"{seed.batch}?{seed.query}", whole.replace(b'"here"', bad), KEY)
            assert (answer.status, answer.json["accepted"], len(answer.json["rejected"])) == (200, 1 + len(good), 1), bad[:200]


@pytest.mark.parametrize(
    "body",
    [b'{"api_key":"wk","batch":[%b]}', b"[%b]"],
    ids=["a batch", "a bare list"],
)
@pytest.mark.parametrize("packing", [lambda text: text, lambda text: b"data=" + base64.b64encode(text), gzip.compress])
async def test_posthog_by_the_key_in_its_body(body: bytes, packing: Any) -> None:
    """Its key is in the body, or in the first event that can be read."""
    async with collector() as lab:
        answer = await lab.ask("POST", "/batch/", packing(body % b",".join([b"NaN", event("m1", "posthog"), event("m2", "posthog")])))
        assert (answer.status, answer.json["accepted"], [each["index"] for each in answer.json["rejected"]]) == (200, 2, [0])


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":[{"a":NaN}',  # the list has no end
        b'{"batch":[{"a":"NaN}]}',  # a text has none
        b'{"batch":[{"a":[}]}',  # more is opened than closed
        b'{"batch":[{"a":1}},{"a":NaN}]}',  # and the reverse
        b'{"batch":[{"a":NaN}],"sentAt":NaN}',  # what is around the events
        b'{"batch":[{"a":NaN}],"context":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"batch":[{"a":NaN}],"batch":[{"a":1}]}',  # which of them is it?
        b'{"batch":[{"a":NaN}],"b\\u0061tch":[{"a":1}]}',
        b'{"other":{"batch":[{"a":NaN}]}}',
        b'{"other":[{"a":NaN}]}',
        b'{"batch":NaN}',
        b'{"batch":{"a":NaN}}',
        b"NaN",
        b'"batch":[{"a":NaN}]',
        b'{"batch":[{"a":NaN}]}}',
    ],
)
async def test_where_the_events_cannot_be_told_it_is_refused(body: bytes) -> None:
    async with collector() as lab:
        answer = await lab.ask("POST", "/v1/batch", body, KEY)
        assert (answer.status, answer.json["code"]) == (400, "malformed")
        assert not lab.log.records


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/v1/track", KEY),
        ("/api/s/track", {"X-Write-Key": "wk:secret"}),
        ("/e", KEY),
        ("/cloudevents", KEY),
    ],
)
async def test_a_single_event_is_the_request(address: str, headers: dict[str, str]) -> None:
    """Its `batch` is a property like any other."""
    async with collector() as lab:
        answer = await lab.ask("POST", address, b'{"event":"x","a":NaN,"batch":[]', headers)
        assert (answer.status, answer.json["code"]) == (400, "malformed")


async def test_limits_hold() -> None:
    async with collector(max_batch_events=3) as lab:
        answer = await lab.ask("POST", "/v1/batch", b'{"batch":[%b]}' % b",".join([b"NaN"] * 4), KEY)
        assert (answer.status, answer.json["code"]) == (413, "too_large")
        answer = await lab.ask("POST", "/v1/batch", b'{"batch":[%b]}' % b",".join([b"NaN"] * 3), KEY)
        assert (answer.status, len(answer.json["rejected"])) == (200, 3)


@pytest.mark.parametrize(
    "part", [b'\\"', b"[", b"[1", b"]", b'"",', b'{"":', b'"batch" ', b"\\", b" ", b"[[]", b'"a":[{},'], ids=lambda part: part.decode()
)
@pytest.mark.parametrize("start", [b"[", b'{"batch":["', b'{"batch":[{', b'{"batch":', b"{"], ids=lambda start: start.decode())
def test_one_pass_over_the_largest_body(start: bytes, part: bytes) -> None:
    """Were it to go back for each part it would take hours."""
    try:
        found = cut_at(start + part * (500_000 // len(part)), "batch", 2500)
    except Refused as refused:
        assert refused.status == 413
    else:
        assert found is None or len(found.elements) <= 2500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
SPACES = st.text(" \t\r\n", max_size=2)
# No bracket, quote or backslash: what is within a text stays there, and the event ends where it ended.
DAMAGE = st.binary(max_size=6).map(lambda junk: junk.translate(None, b'[]{}"\\'))


@given(st.data(), st.lists(JSON, min_size=1, max_size=5), SPACES, st.booleans())
def test_a_list_is_cut_where_its_elements_end(data: st.DataObject, values: list[Any], space: str, bare: bool) -> None:
    texts = [json.dumps(value, ensure_ascii=data.draw(st.booleans())).encode() for value in values]
    at = data.draw(st.integers(0, len(texts) - 1))
    place = data.draw(st.integers(1, max(1, len(texts[at]) - 1)))
    junk = data.draw(DAMAGE)
    if texts[at][:1] in b"[{" and texts[at][place - 1 : place] != b"\\":
        texts[at] = texts[at][:place] + junk + texts[at][place:]
    pad = space.encode()
    inner = (pad + b"," + pad).join(texts)
    text = b"[" + inner + b"]" if bare else b'{"x":"batch","y":{"batch":[9]},"batch"' + pad + b":" + pad + b"[" + inner + b'],"z":1}'
    found = cut_at(text, "batch", 5)
    assert found is not None
    assert text[found.start : found.end] == inner
    assert found.elements == [each.strip(b" \t\n\r") for each in texts]


@settings(deadline=None)
@given(st.data(), st.integers(1, 6))
async def test_damage_to_one_event_costs_that_event_alone(data: st.DataObject, count: int) -> None:
    events = [event(f"m{number}", kind=data.draw(st.integers(0, 5))) for number in range(count)]
    at = data.draw(st.integers(0, count - 1))
    place = data.draw(st.integers(1, len(events[at]) - 1))
    end = place + data.draw(st.integers(0, 4))
    kept = bytes(each for each in events[at][place:end] if each in b'[]{}"')
    events[at] = events[at][:place] + data.draw(DAMAGE) + kept + events[at][end:]
    async with collector() as lab:
        answer = await lab.ask("POST", "/v1/batch", b'{"batch":[' + b",".join(events) + b"]}", KEY)
        others = {f"m{number}" for number in range(count) if number != at}
        assert answer.status == 200
        assert answer.json["accepted"] + len(answer.json["rejected"]) == count
        assert {each["index"] for each in answer.json["rejected"]} <= {at}
        assert others <= {line.message_id for line in lab.taken()}
