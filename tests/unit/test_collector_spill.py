"""The spill's files: order, crashes, several processes, a disk that refuses."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.answers import Refused
from collector.spill.segment import Entry, Segment, entry_of, left_behind, row_of
from collector.spill.spill import Spill

MIB = 1 << 20


def entries(first: int, count: int) -> list[Entry]:
    return [Entry("events", b'{"n":%d}' % number) for number in range(first, first + count)]


def opened(folder: Path, max_bytes: int = MIB) -> Spill:
    spill = Spill(folder, max_bytes)
    spill.open()
    return spill


def taken(spill: Spill, most_bytes: int = 64) -> list[Entry]:
    found = []
    while batch := spill.take(most_bytes):
        found += batch
        spill.settle()
    return found


async def test_what_was_put_comes_out_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.spill.spill.SEGMENT_BYTES", 100)
    spill = opened(tmp_path)
    assert not spill.active
    await asyncio.gather(*(spill.put(entries(first, 5)) for first in range(0, 50, 5)))
    await spill.put([Entry("rejected", b"{}")])
    assert spill.active and len(list(tmp_path.glob("*.spill"))) > 1
    assert taken(spill) == [*entries(0, 50), Entry("rejected", b"{}")]
    assert spill.finish() and not spill.active
    assert list(tmp_path.iterdir()) == []


async def test_what_was_not_acknowledged_comes_again(tmp_path: Path) -> None:
    spill = opened(tmp_path)
    await spill.put(entries(0, 4))
    assert spill.take(40) == entries(0, 2)
    spill.settle()
    assert spill.take(40) == entries(2, 2)
    spill.rewind()
    await spill.close()
    assert taken(opened(tmp_path)) == entries(2, 2)


async def test_a_living_process_keeps_its_files(tmp_path: Path) -> None:
    first = opened(tmp_path)
    await first.put(entries(0, 1))
    assert not opened(tmp_path).active
    await first.close()
    assert opened(tmp_path).active


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(cut=st.integers(0, 200), garbage=st.binary(max_size=40))
def test_a_crash_at_any_byte_loses_no_whole_row(tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes) -> None:
    folder = tmp_path_factory.mktemp("spill")
    rows = [row_of(entry) for entry in entries(0, 8)]
    text = b"".join(rows)[:cut]
    (folder / "1.spill").write_bytes(text + garbage)
    spill = opened(folder)
    whole = text.count(b"\n")
    assert taken(spill, 1 << 16)[:whole] == entries(0, whole)
    asyncio.run(spill.put(entries(9, 1)))
    assert taken(spill)[-1:] == entries(9, 1), "what comes later is not added to a torn row"
    assert spill.finish()


async def test_beyond_the_cap_it_refuses_and_keeps_the_rest(tmp_path: Path) -> None:
    spill = opened(tmp_path, max_bytes=60)
    await spill.put(entries(0, 3))
    with pytest.raises(Refused, match="full"):
        await spill.put(entries(3, 1))
    assert taken(spill) == entries(0, 3)
    await spill.put(entries(4, 1))
    assert taken(spill) == entries(4, 1)


async def test_a_full_disk_refuses_and_leaves_no_half_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spill = opened(tmp_path)
    await spill.put(entries(0, 1))
    real = os.write

    def short(file: int, text: bytes) -> int:
        if len(text) > 5:
            return real(file, text[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("collector.spill.segment.os.write", short)
    with pytest.raises(Refused, match="No space left"):
        await spill.put(entries(1, 1))
    monkeypatch.undo()
    await spill.put(entries(2, 1))
    assert taken(spill) == [*entries(0, 1), *entries(2, 1)]


def test_a_damaged_row_is_known(tmp_path: Path) -> None:
    row = row_of(Entry("events", b'{"a":1}'))[:-1]
    assert entry_of(row) == Entry("events", b'{"a":1}')
    for at in {*range(len(row))} - {1, 10}:  # the blanks say nothing
        assert entry_of(row[:at] + bytes([row[at] ^ 1]) + row[at + 1 :]) != Entry("events", b'{"a":1}')
    (tmp_path / "1.spill").write_bytes(row.replace(b"1}", b"2}") + b"\n" + row + b"\n")
    [segment] = left_behind(tmp_path)
    assert isinstance(segment, Segment)
    assert (segment.take(1000), segment.damaged) == ([Entry("events", b'{"a":1}')], 1)
    segment.close()
