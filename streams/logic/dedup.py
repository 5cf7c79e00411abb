"""Which events came already, remembered for `window_ms` of reception time.

An event is known by its id (8 bytes of a hash over write key and message id) and its content (4 bytes, `content_of`): the same id with
the same content is a duplicate, with other content an id that a client used twice.

Changelog: records in chunks, so that an idle shop's transactions of one event each do not leave a key each. A chunk goes as a whole,
once its newest record has passed the window or there are more than `max_ids`.
"""

from collections import deque
from enum import Enum
from struct import Struct

import msgspec
from clickhouse_cityhash.cityhash import CityHash64
from isal.isal_zlib import crc32  # zlib's own values, in a third of its time

from streams.logic.seen import RECORD, RECORD_BYTES, Seen

HOUR_MS = 3_600_000
PREFIX = b"seen:"
CHUNK = 64  # records from which on a chunk is closed
_STAMPED = b',"received_at_ms":'
_HOURS = 1 << 32
_DIGEST = Struct("<Q").pack


class Verdict(Enum):
    NEW = 0
    DUPLICATE = 1
    REUSED = 2


_NEW, _DUPLICATE, _REUSED = Verdict


def content_of(line: bytes) -> int:
    """32 bits of what the client sent: the collector's line up to what it added itself, which differs when an event is sent again."""
    end = line.rfind(_STAMPED)
    return crc32(line if end < 0 else line[:end])


class Chunk(msgspec.Struct):
    """Records under one key of the changelog: how many, and the hour when the newest came."""

    number: int
    records: int
    newest_hour: int

    @property
    def key(self) -> bytes:
        return PREFIX + str(self.number).encode()


class Dedup:
    """The ids of one partition."""

    def __init__(self, window_ms: int, max_ids: int) -> None:
        self._window_hours = window_ms // HOUR_MS
        self._max_ids = max_ids
        self._seen = Seen(max_ids)
        self._fresh = bytearray()
        self._chunks: deque[Chunk] = deque()
        self._in_chunks = 0
        self._open = b""  # the records of the last chunk, which the next batch adds to
        self._loaded: dict[int, bytes] = {}
        self._batch_hour = 0  # of the batch before
        self._forgotten = 0

    def judge(self, write_key: str, message_id: str, received_at_ms: int, content: int) -> Verdict:
        """Whether this event is new; from now on it is known."""
        digest = _DIGEST(CityHash64(f"{write_key}\x1f{message_id}".encode()))
        seen = self._seen
        record = seen.add(digest, content, received_at_ms // HOUR_MS % _HOURS, self._window_hours)
        if record is None:
            return _DUPLICATE
        self._fresh += record
        return _REUSED if seen.is_reused else _NEW

    def changes(self) -> dict[bytes, bytes | None]:
        """What a batch adds to the changelog, and the chunks that it lets go (None)."""
        if not self._fresh:
            return {}
        hours = [hour for _, _, hour in RECORD.iter_unpack(self._fresh)]
        if not self._open:
            self._chunks.append(Chunk(self._chunks[-1].number + 1 if self._chunks else 0, 0, 0))
        chunk = self._chunks[-1]
        chunk.records += len(hours)
        chunk.newest_hour = max(chunk.newest_hour, *hours)
        self._in_chunks += len(hours)
        found: dict[bytes, bytes | None] = {chunk.key: self._open + self._fresh}
        self._open = self._open + self._fresh if chunk.records < CHUNK else b""
        self._fresh = bytearray()
        now_hour, self._batch_hour = min(self._batch_hour, min(hours)), min(hours)  # one event from the future moves nothing
        return found | self._let_go(now_hour - self._window_hours)

    def _let_go(self, since_hour: int) -> dict[bytes, bytes | None]:
        """The oldest chunks that nothing asks for any more; never the last one, whose number the next one follows."""
        gone: dict[bytes, bytes | None] = {}
        while len(self._chunks) > 1 and (self._chunks[0].newest_hour < since_hour or self._in_chunks > self._max_ids):
            chunk = self._chunks.popleft()
            self._in_chunks -= chunk.records
            gone[chunk.key] = None
        return gone

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog entry back, in any order; `restored` ends it."""
        self._loaded[int(key[len(PREFIX) :])] = value

    def restored(self) -> None:
        """All entries are loaded: know them again, the oldest first."""
        for number in sorted(self._loaded):
            value = self._loaded.pop(number)
            newest_hour = max(hour for _, _, hour in RECORD.iter_unpack(value))
            self._chunks.append(Chunk(number, len(value) // RECORD_BYTES, newest_hour))
            self._in_chunks += len(value) // RECORD_BYTES
            for digest, content, hour in RECORD.iter_unpack(value):
                self._seen.add(digest, content, hour, self._window_hours)

    def forgotten(self) -> int:
        """Events that were let go for want of room since this was last asked."""
        before, self._forgotten = self._forgotten, self._seen.forgotten
        return self._forgotten - before

    def __len__(self) -> int:
        return len(self._seen)
