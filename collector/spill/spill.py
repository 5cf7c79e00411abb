"""The disk behind Kafka: while it is away, events are written here and acknowledged, and taken out in order when it is back.

While anything is left, everything new goes behind it, so that a device's events keep their order. Several requests share one wait for
the disk.
"""

import asyncio
import logging
import os
import secrets
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from collector.answers import unavailable
from collector.spill.segment import SUFFIX, Entry, Segment, left_behind, made, row_of

log = logging.getLogger(__name__)
SEGMENT_BYTES = 16 << 20


class Spill:
    """One process's part of the folder; `max_bytes` of 0 turns it off. Use from one event loop."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._segments: deque[Segment] = deque()
        self._own: Segment | None = None  # the last one, if it is this process's; to a file that was found nothing is added
        self._waiting: list[tuple[list[bytes], asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self.filled = asyncio.Event()

    def open(self) -> None:
        """Take over what processes before this one have left. Raises OSError when the folder cannot be used."""
        if self._max_bytes:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._segments.extend(left_behind(self._folder))
            if self._segments:
                log.warning("%d bytes of events that Kafka does not have yet were found on disk", self.used_bytes)
                self.filled.set()

    @property
    def enabled(self) -> bool:
        return self._max_bytes > 0

    @property
    def active(self) -> bool:
        """Something is left: what is new has to go behind it."""
        return self.filled.is_set()

    @property
    def has_room(self) -> bool:
        return self.used_bytes < self._max_bytes

    @property
    def used_bytes(self) -> int:
        return sum(segment.size - segment.done for segment in self._segments) + self._waiting_bytes

    async def put(self, entries: Sequence[Entry]) -> None:
        """Return when the disk has them. Refused with 503 beyond the cap, or when the disk does not take them."""
        rows = [row_of(entry) for entry in entries]
        size_bytes = sum(map(len, rows))
        if self.used_bytes + size_bytes > self._max_bytes:
            raise unavailable("spill_full", "Kafka is away and the disk's share for events is full; send again later.")
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, stored))
        self._waiting_bytes += size_bytes
        self.filled.set()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        try:
            await asyncio.shield(stored)
        except OSError as error:
            raise unavailable("spill_failed", f"Kafka is away, and the disk does not take events: {error.strerror}") from error

    def take(self, most_bytes: int) -> list[Entry]:
        """The oldest entries; `settle` or `rewind` follows."""
        for segment in self._segments:
            if segment.read < segment.size:
                return segment.take(most_bytes)
        return []

    def settle(self) -> None:
        """Kafka has what was taken: files that are done go."""
        while self._segments:
            oldest = self._segments[0]
            if oldest.read != oldest.done:
                oldest.settle()
            if oldest.done < oldest.size or oldest is self._own:
                break
            self._remove(oldest)

    def rewind(self) -> None:
        for segment in self._segments:
            segment.rewind()

    def finish(self) -> bool:
        """True when everything is with Kafka: from now on nothing has to go behind it."""
        if self._waiting or self._writer or any(segment.done < segment.size for segment in self._segments):
            return False
        while self._segments:
            self._remove(self._segments[0])
        self.filled.clear()
        return True

    async def close(self) -> None:
        """Wait for the disk; what is left is the next process's."""
        while self._writer is not None:
            await self._writer
        while self._segments:
            segment = self._segments.popleft()
            (segment.close if segment.done < segment.size else segment.remove)()
        self._own = None

    async def _write(self) -> None:
        """Empty the queue, many requests with one wait for the disk."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                size_bytes = self._waiting_bytes
                await self._store(batch)
                self._waiting_bytes -= size_bytes
        finally:
            self._writer = None

    async def _store(self, batch: list[tuple[list[bytes], asyncio.Future[None]]]) -> None:
        try:
            segment = await self._writable()
            await asyncio.to_thread(segment.append, [row for rows, _ in batch for row in rows])
        except OSError as error:
            log.error("events cannot be written to %s: %s", self._folder, error)
            for _, stored in batch:
                stored.set_exception(error)
        else:
            for _, stored in batch:
                stored.set_result(None)

    async def _writable(self) -> Segment:
        if self._own is None or self._own.size >= SEGMENT_BYTES:
            name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
            self._own = await asyncio.to_thread(made, self._folder / name)
            self._segments.append(self._own)
        return self._own

    def _remove(self, segment: Segment) -> None:
        if segment.damaged:
            log.warning("%s: %d rows were damaged and left out", segment.path, segment.damaged)
        if segment is self._own:
            self._own = None
        self._segments.remove(segment)
        segment.remove()
