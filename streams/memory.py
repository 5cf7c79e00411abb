"""The whole stream in memory: the same logic, queues instead of topics. For tests, and to try a rule on a file without any server."""

from collections import defaultdict, deque
from typing import Any

import msgspec
import orjson

from schemas.collected import Collected, partition_key
from schemas.journeys import Erase, Kind, Tick, Unlink
from schemas.partition import partition_of
from schemas.suppression import id_hash
from streams.logic.identify import Identify
from streams.logic.journey import Journey
from streams.logic.output import Output, row_kind
from streams.logic.policy import Policy
from streams.records import pack

MAX_RECORD_BYTES = 1 << 16


class MemoryStream:
    """`send` events and `tick`, in any split; `run` applies what waits; `rows` holds every line that a result topic would."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.state: dict[tuple[str, int], dict[bytes, bytes]] = defaultdict(dict)
        self._stages: dict[tuple[str, int], Identify | Journey] = {}
        self._queues: dict[tuple[str, int], deque[tuple[str, bytes]]] = {}
        for partition in range(policy.partitions):
            for agent in ("identify", "journey"):
                self._queues[(agent, partition)] = deque()
                self.restart(agent, partition)

    def send(self, events: list[Collected]) -> None:
        """One request to the collector: a record for each partition that it touches."""
        lines: dict[int, list[bytes]] = defaultdict(list)
        for event in events:
            partition = partition_of(partition_key(event), self.policy.partitions)
            lines[partition].append(msgspec.json.encode(event))
        for partition, found in lines.items():
            self._queues[("identify", partition)].extend(pack(found, Kind.EVENT.value, MAX_RECORD_BYTES))

    def tick(self, now_ms: int) -> None:
        for partition in range(self.policy.partitions):
            self._queues[("identify", partition)].append((str(Kind.TICK), msgspec.json.encode(Tick(now_ms=now_ms))))

    def unlink(self, device_id: str, user_id: str, at_ms: int) -> None:
        """As `cartwake unmerge` does."""
        line = msgspec.json.encode(Unlink(device_id=device_id, user_id=user_id, at_ms=at_ms, by="test"))
        self._queues[("identify", partition_of(device_id, self.policy.partitions))].append((str(Kind.UNLINK), line))

    def erase(self, *persons: str) -> None:
        """As an erasure does: into every partition."""
        line = msgspec.json.encode(Erase(hashes=tuple(id_hash(each, self.policy.erasure_salt) for each in persons), at_ms=0))
        for partition in range(self.policy.partitions):
            self._queues[("identify", partition)].append((str(Kind.ERASE), line))

    def run(self, batch_records: int = 16) -> None:
        """Apply batches until nothing waits."""
        while any(self._queues.values()):
            for agent, partition in self._queues:
                self.step(agent, partition, batch_records)

    def most_waiting(self) -> int:
        """Records that wait for the partition that is furthest behind."""
        return max(map(len, self._queues.values()))

    def step(self, agent: str, partition: int, batch_records: int) -> None:
        """One batch of one partition, as one transaction would do it."""
        queue = self._queues[(agent, partition)]
        records = [queue.popleft() for _ in range(min(batch_records, len(queue)))]
        more = bool(records)
        stage = self._stages[(agent, partition)]
        while more:
            out = Output(self.policy.partitions)
            for kind, value in records:
                stage.on_record(kind, value, out)
            records = []
            more = stage.flush(out)
            self._commit(agent, partition, out)

    def restart(self, agent: str, partition: int) -> None:
        """Lose the stage, and restore it from its changelog."""
        stage: Identify | Journey = Identify(self.policy) if agent == "identify" else Journey(self.policy)
        stage.partition = partition
        for key, value in self.state[(agent, partition)].items():
            stage.load(key, value)
        stage.restored()
        self._stages[(agent, partition)] = stage

    def _commit(self, agent: str, partition: int, out: Output) -> None:
        changelog = self.state[(agent, partition)]
        for key, value in out.changes.items():
            if value is None:
                changelog.pop(key, None)
            else:
                changelog[key] = value
        for (topic, target), lines in out.held.items():
            if topic == "journeys":
                self._queues[("journey", target)].extend(pack(lines, row_kind(topic), MAX_RECORD_BYTES))
            self.rows[topic] += [orjson.loads(line) for line in lines if isinstance(line, bytes)]

    def latest(self, topic: str, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The valid row of each key: the highest version, without those that were taken back."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in self.rows[topic]:
            name = tuple(row[field] for field in key)
            if name not in found or found[name]["version"] < row["version"]:
                found[name] = row
        return {name: row for name, row in found.items() if not row.get("is_deleted")}
