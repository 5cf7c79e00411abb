"""Events as texts that no parser reads, though their brackets and quotes are balanced: the others of the list can be told from them."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

_VALUE = re.compile(rb'(?<=[\[:,])\s*("(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null)')
_NO_VALUES = (
    b"NaN", b"Infinity", b"-Infinity", b"undefined", b"nul", b"True", b"01", b"1.", b".5", b"+1", b"1e", b"--1", b"0x1F", b"1 2", b"",
    rb'"\x41"', rb'"\u12"', rb'"\u00zz"', rb'"\a"', b'"a\x01b"', b'"a\nb"', b'"a" "b"', b"'a'", b"(1)", b"/* 1 */ 1", b"// 1",
    b"{,}", b"[1,]", b"[,1]", b'{"a"}', b'{"a":}', b"{a:1}", b'{"a":1,}', b'{"a";1}', b"{1:2}", b"[1}", b'{"a":1]',
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf1",
)  # fmt: skip
_LEVELS = (1_000, 1_100, 5_000, 30_000)


def unreadable(rng: Random, event: dict[str, Any]) -> bytes:
    """The event with one of its values in such a form, or with so many brackets that parsers give up."""
    text = json.dumps(event).encode()
    places = list(_VALUE.finditer(text))
    place = rng.choice(places)
    return text[: place.start(1)] + _no_value(rng) + text[place.end(1) :]


def _no_value(rng: Random) -> bytes:
    if rng.random() < 0.8:
        return rng.choice(_NO_VALUES)
    opens, closes = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")))
    levels = rng.choice(_LEVELS) // len(opens)
    return opens * levels + b"1" + closes * levels
