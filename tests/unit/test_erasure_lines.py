"""Which lines and keys an erasure takes for the person's; spills that drain; the signature of a report."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from collector.erased import Erased
from collector.lanes import Lanes
from collector.spill.drain import drain
from collector.spill.segment import Entry
from collector.spill.spill import Spill
from collector.store import Store
from erasure.ids import PersonIds
from erasure.lines import Lines
from erasure.report import is_signed, signature, text_of
from erasure.spills import waiting
from runtime.settings import Settings
from schemas.suppression import Suppression, id_hash
from streams.logic.devices import DeviceState
from streams.logic.identify import _encode_state

SALT = "salt"
LINES = Lines(PersonIds(("d:laptop", "u:7", 'u:quo"te')), SALT)


@pytest.mark.parametrize(
    ("value", "hits"),
    [
        (b'{"device_id":"laptop"}\n{"device_id":"laptop-2"}\n{"user_id":"laptop"}', 2),
        (b'{"user_id":"7","quantity":7}', 1),
        (b'{"quantity":7,"price":"1.7"}', 0),
        (b'{"raw":"{\\"userId\\":\\"7\\"}"}', 1),
        (b'{"raw":"{\\"userId\\":7}"}', 1),
        (b'event {"person_id":"u:7"}\nmerge {"a":"d:other","b":"u:7"}\ntick {"now_ms":7}', 2),
        (b'{"user_id":"quo\\"te"}', 1),
        (b"not JSON", 0),
    ],
)
def test_lines_of_the_person(value: bytes, hits: int) -> None:
    assert LINES.hits(value) == hits


def test_keys_and_values_of_changelogs() -> None:
    keys = {b"u:7": True, b"device:laptop": True, b"consent:d:laptop": True, b"u:77": False, b"device:laptop-2": False, b"@clock": False}
    assert {key: LINES.is_key(key) for key in keys} == keys
    state = DeviceState(users=[(1, "bob"), (2, "laptop")])
    assert LINES.is_in(_encode_state(state)) and not LINES.is_in(_encode_state(DeviceState(users=[(1, "laptop-2")])))


def test_a_report_that_was_changed_is_not_signed() -> None:
    text = text_of({"job_id": "1", "left": {}, "gone": {"warehouse.events": 3}})
    assert text == text_of({"gone": {"warehouse.events": 3}, "left": {}, "job_id": "1"})
    signed = signature(text, "key")
    assert is_signed(text, signed, "key")
    assert not is_signed(text, signed, "another") and not is_signed(text.replace("3", "4"), signed, "key")


class Recorder:
    """Takes what is drained."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    async def put_now(self, lane: str, lines: dict[int, list[bytes]], rejected: list[bytes], rejected_partitions: int) -> None:
        self.lines += [line for part in lines.values() for line in part] + rejected


async def test_what_waited_on_the_disk_is_left_out_when_it_drains(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path), erasure_salt=SALT)
    spill, store, erased = Spill(tmp_path / "spill", 1 << 20), Recorder(), Erased(settings)
    spill.open()
    mine, other = b'{"event":"page_view","device_id":"laptop"}', b'{"event":"page_view","device_id":"till"}'
    raw = b'{"raw":"{\\"anonymousId\\":\\"laptop\\"}"}'
    await spill.put([Entry("events", mine), Entry("events", other), Entry("rejected", raw)])
    assert waiting(settings, LINES) == 2
    erased.list = Suppression(SALT, [id_hash("d:laptop", SALT)])

    async def partitions() -> dict[str, int]:
        return {"events": 2, "rejected": 2}

    drainer = asyncio.create_task(drain(spill, Lanes(partitions), cast("Store", cast("Any", store)), erased))
    async with asyncio.timeout(20):
        while spill.active:
            await asyncio.sleep(0.01)
    drainer.cancel()
    await asyncio.gather(drainer, return_exceptions=True)
    await spill.close()
    assert (store.lines, waiting(settings, LINES)) == ([other], 0)
