"""Bodies as clients send them: gzip or not, whatever the headers say, and bombs."""

import gzip
import json

import pytest

from collector.answers import Refused
from collector.body import unpacked
from collector.dialects.segment import read_batch, read_outer

TEXT = b'{"batch":[]}'
PACKED = gzip.compress(TEXT, mtime=0)  # the same in every process


@pytest.mark.parametrize(("body", "encoding"), [(TEXT, ""), (PACKED, "gzip"), (PACKED, ""), (TEXT, "gzip")])
def test_gzip_is_known_by_its_magic(body: bytes, encoding: str) -> None:
    assert unpacked(body, encoding, 1000) == TEXT


def test_several_gzip_members_and_a_byte_order_mark() -> None:
    assert unpacked(gzip.compress(b"\xef\xbb\xbf" + TEXT[:4]) + gzip.compress(TEXT[4:] + b"\n"), "", 1000) == TEXT


def test_a_zip_bomb_is_not_unpacked() -> None:
    with pytest.raises(Refused) as refused:
        unpacked(gzip.compress(b"0" * 50_000_000), "", 512_000)
    assert (refused.value.status, refused.value.code) == (413, "too_large")


def test_a_bomb_in_many_members_is_not_unpacked_either() -> None:
    with pytest.raises(Refused) as refused:
        unpacked(gzip.compress(b"0" * 1000) * 1000, "", 512_000)
    assert refused.value.status == 413


@pytest.mark.parametrize("body", [PACKED[:-9], b"\x1f\x8b rubbish"])
def test_broken_gzip_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        unpacked(body, "gzip", 1000)
    assert refused.value.status == 400


def test_other_packings_are_malformed() -> None:
    with pytest.raises(Refused) as refused:
        unpacked(b"x", "br", 1000)
    assert refused.value.status == 400


def test_exactly_the_limit_is_taken() -> None:
    assert unpacked(b"a" * 10, "", 10) == b"a" * 10
    assert unpacked(gzip.compress(b"a" * 10), "", 10) == b"a" * 10
    with pytest.raises(Refused):
        unpacked(gzip.compress(b"a" * 11), "", 10)


def test_a_batch_may_be_a_bare_list() -> None:
    assert [bytes(raw) for raw in read_batch(b'[{"a":1}, 5]', 10).batch] == [b'{"a":1}', b"5"]


@pytest.mark.parametrize("text", [b"", b"{}", b'{"batch":5}', b"[1,", b"5", b'{"batch":[', b'{"batch":' + b"[" * 100_000, b"\xff"])
def test_what_is_no_batch_is_malformed(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_batch(text, 10)
    assert (refused.value.status, refused.value.code) == (400, "malformed")


def test_too_many_events_are_too_large() -> None:
    with pytest.raises(Refused) as refused:
        read_batch(json.dumps([1] * 11).encode(), 10)
    assert refused.value.status == 413


@pytest.mark.parametrize("text", [b"", b"[]", b"5", b'{"a":'])
def test_what_is_no_call_is_malformed(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_outer(text)
    assert refused.value.status == 400
