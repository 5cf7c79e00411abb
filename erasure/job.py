"""A whole erasure: warehouse, streams, topics and spills, in the order in which nothing comes back. Every step can be done again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from erasure import spills, state, topics
from erasure.erase import Eraser
from erasure.ids import PersonIds, ids_of_person
from erasure.lanes import Lane, lanes, needed_readers, offsets_of, topics_of
from erasure.lines import Lines
from erasure.tell import tell
from runtime.query import command, query
from runtime.settings import Settings
from schemas.suppression import id_hash

POLL_S, LONGEST_POLL_S = 0.5, 60.0
ROUNDS = 6
Watch = Callable[[str], None]


@dataclass
class Report:
    """Rows and lines that are gone, and what is left, by place (`warehouse.events`, `topic.live.journeys` ...). Names nobody."""

    ids: int = 0
    gone: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)  # records, others' as well, before the person's last in a partition
    left: dict[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return not self.left

    def as_json(self) -> dict[str, Any]:
        return {"complete": self.is_complete, "ids": self.ids, "gone": self.gone, "records_cut": self.cut, "left": self.left}


class Job:
    """`run` does it all. `patience_s`: how long readers that are behind, and compaction, are waited for."""

    def __init__(self, settings: Settings, *, patience_s: float = 3600.0, watch: Watch = lambda text: None) -> None:
        self._settings, self._patience_s, self._watch = settings, patience_s, watch
        self.report = Report()

    def run(self, person: str, known: PersonIds | None = None, now_ms: int = 0) -> Report:
        """`known`: the ids, where an earlier run has found them and may have deleted what tells them. Blocking."""
        settings, report = self._settings, self.report
        ids = known or ids_of_person(partial(query, settings), person)
        lines = Lines(ids, settings.erasure_salt)
        report.ids = len(ids.persons)
        eraser = Eraser(partial(query, settings), partial(command, settings), settings.erasure_salt, self._watch)
        eraser.suppress(ids)
        asyncio.run(self._streams(ids, lines, now_ms))
        erased = eraser.erase(person, ids)
        report.gone |= {f"warehouse.{table}": rows for table, rows in erased.deleted.items()}
        report.left |= {f"warehouse.{place}": rows for place, rows in erased.left.items()}
        return report

    async def _streams(self, ids: PersonIds, lines: Lines, now_ms: int) -> None:
        await self._until("spill", partial(asyncio.to_thread, spills.waiting, self._settings, lines))
        for lane in await asyncio.to_thread(lanes, self._settings):
            hashes = [id_hash(each, self._settings.erasure_salt) for each in ids.persons]
            kept = await state.look(self._settings, lane, lines)
            self.report.gone[f"state.{lane.name}"] = len(kept.valid)
            if lane.is_run:
                self._watch(f"tell the stream of lane {lane.name}")
                told = await tell(self._settings, lane, hashes, now_ms)
                await self._until(f"stream.{lane.name}", partial(self._behind, {lane.group("identify")}, told))
            await self._clear_topics(lane, lines)
            await self._clear_state(lane, lines)

    async def _clear_topics(self, lane: Lane, lines: Lines) -> None:
        """Cut off what everybody has read, up to the person's last record, until no line of the person can be read."""
        for number in range(ROUNDS):
            self._watch(f"look through the topics of lane {lane.name}")
            found = await topics.scan(self._settings, lane, lines)
            if lane.is_run:  # what the journeys pass on to each other is followed to its end
                passed = {key: last for key, last in found.read.items() if key.topic == lane.kafka_name("journeys")}
                await self._until(f"stream.{lane.name}", partial(self._behind, {lane.group("journey")}, passed))
            if not found.last and number:
                return
            for key, count in found.lines.items():
                place = f"topic.{lane.name}.{key.topic.rpartition('.')[2]}"
                self.report.gone[place] = self.report.gone.get(place, 0) + count
            await self._until_read(lane, found.last)
            gone = await asyncio.to_thread(topics.cut, self._settings, {key: last + 1 for key, last in found.last.items()})
            for topic, count in gone.items():
                self.report.cut[topic] = self.report.cut.get(topic, 0) + count
        self.report.left[f"topic.{lane.name}"] = sum(found.lines.values())

    async def _until_read(self, lane: Lane, last: dict[Any, int]) -> None:
        """Whoever reads these topics has read what is cut off."""
        for topic in topics_of(lane):
            mine = {key: offset for key, offset in last.items() if key.topic == lane.kafka_name(topic.name)}
            if not mine:
                continue
            groups = {lane.group(reader) for reader in topic.readers}
            committed = await asyncio.to_thread(offsets_of, self._settings, groups)
            needed = needed_readers(self._settings, lane, topic, committed)
            await self._until(f"readers.{lane.name}.{topic.name}", partial(self._behind, set(needed), mine))

    async def _behind(self, groups: set[str], last: dict[Any, int]) -> int:
        """Partitions of which some group has not committed these offsets."""
        committed = await asyncio.to_thread(offsets_of, self._settings, groups)
        places = [{(key.topic, key.partition): offset for key, offset in each.items()} for each in committed.values()]
        return sum(place.get((key.topic, key.partition), 0) <= offset for place in places for key, offset in last.items())

    async def _clear_state(self, lane: Lane, lines: Lines) -> None:
        """The worker has written tombstones; where there is none, this does. Then Kafka's compaction is waited for."""
        await self._until(f"state.{lane.name}", partial(self._kept, lane, lines))

    async def _kept(self, lane: Lane, lines: Lines) -> int:
        kept = await state.look(self._settings, lane, lines)
        if kept.count and not lane.is_run:
            await state.bury(self._settings, kept)
        return kept.count

    async def _until(self, place: str, left: Callable[[], Any]) -> None:
        """Wait until nothing is left there; after a while it is said in the report that something is."""
        began_s = time.monotonic()
        while True:
            asked_s = time.monotonic()
            count = await left()
            if not count:
                return
            self._watch(f"wait for {place}: {count}")
            now_s = time.monotonic()
            if now_s - began_s > self._patience_s:
                self.report.left[place] = count
                return
            await asyncio.sleep(min(LONGEST_POLL_S, max(POLL_S, 5 * (now_s - asked_s))))  # a look at a large state costs much
