"""From the disk to Kafka, in order, as soon as it takes records again."""

import asyncio
import logging

import msgspec

from collector.answers import Refused
from collector.erased import Erased
from collector.lanes import Lanes
from collector.spill.segment import Entry
from collector.spill.spill import Spill
from collector.store import Store
from schemas.partition import partition_of
from schemas.topics import LIVE

log = logging.getLogger(__name__)
_BYTES = 256 << 10  # that one acknowledgement is waited for
_RETRY_S = 0.5
_WRITING_S = 0.01


class Who(msgspec.Struct):
    """All that is wanted of a line: what its partition is chosen by."""

    device_id: str = ""
    user_id: str = ""


_decode = msgspec.json.Decoder(Who).decode


async def drain(spill: Spill, lanes: Lanes, store: Store, erased: Erased) -> None:
    """For ever. What Kafka did not acknowledge is sent again; the stream removes what came twice."""
    while True:
        await spill.filled.wait()
        try:
            if not await _next(spill, lanes, store, erased):
                await asyncio.sleep(_WRITING_S)
        except Refused:
            spill.rewind()
            await asyncio.sleep(_RETRY_S)


async def _next(spill: Spill, lanes: Lanes, store: Store, erased: Erased) -> bool:
    """Some more of it is with Kafka, or all is done; False when rows are just being written."""
    partitions, rejected_partitions = await lanes.partitions(LIVE), await lanes.partitions(LIVE, "rejected")
    entries = spill.take(_BYTES)
    has_taken = bool(entries)
    if entries:
        if erased.list.hashes:
            entries = [entry for entry in entries if not erased.list.is_erased(entry.line)]
        lines = _by_partition(entries, partitions)
        rejected = [entry.line for entry in entries if entry.topic == "rejected"]
        await store.put_now(LIVE, lines, rejected, rejected_partitions)
    spill.settle()
    if spill.finish():
        log.warning("Kafka has all events that had to wait on disk")
        return True
    return has_taken


def _by_partition(entries: list[Entry], partitions: int) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for entry in entries:
        if entry.topic == "events":
            who = _decode(entry.line)
            found.setdefault(partition_of(who.device_id or who.user_id, partitions), []).append(entry.line)
    return found
