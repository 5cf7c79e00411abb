"""Straight to Kafka, for servers and tills beside it (`pip install cartwake[kafka]`): no collector in between.

cartwake.init("write-key", transport=cartwake.KafkaTransport("kafka:9092"))
"""

from __future__ import annotations

import importlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from cartwake.line import Unfit, key_of, line_of
from cartwake.transport import Answer

MAX_RECORD_BYTES = 524_288
log = logging.getLogger("cartwake")
HEADERS = [("kind", b"event")]


class KafkaTransport:
    """Writes what the collector would write: lines of one partition together in a record, in the partition of the device (else the user).

    `options` go to kafka-python's `KafkaProducer` (security_protocol, sasl_mechanism, ...). An outage is tried again, as with the
    collector; what came through twice the stream counts once. The partition is Kafka's own choice for the key (murmur2).
    """

    def __init__(self, bootstrap: str, *, topic: str = "events", timeout_s: float = 30.0, **options: Any) -> None:
        self._topic = topic
        self._timeout_s = timeout_s
        wait_ms = round(timeout_s * 1000)  # then a record is given up, and its batch sent again
        self._options = {
            "bootstrap_servers": bootstrap.split(","),
            "acks": "all",
            "compression_type": "gzip",
            "max_block_ms": wait_ms,
            "request_timeout_ms": wait_ms // 2,
            "delivery_timeout_ms": wait_ms,
            **options,
        }
        self._kafka: Any = _library()
        self._murmur2: Any = importlib.import_module("kafka.partitioner.default").murmur2
        self._producer: Any = None

    def after_fork(self) -> None:
        """The connection is the parent's."""
        self._producer = None

    def post(self, write_key: str, events: Sequence[bytes]) -> Answer:
        """Send a batch; done when every record is acknowledged by all replicas. No answer (status 0) when Kafka is away."""
        now_ms = int(time.time() * 1000)
        try:
            producer = self._connected()
            partitions = sorted(producer.partitions_for(self._topic) or ())
            if not partitions:
                return Answer(0, {})
            lines, rejected = self._sorted_out(write_key, events, len(partitions), now_ms)
            sent = [
                producer.send(self._topic, value=record, partition=partition, headers=HEADERS)
                for partition, own in lines.items()
                for record in _records(own)
            ]
            for future in sent:
                future.get(2 * self._timeout_s)  # it fails by itself before
        except self._kafka.errors.KafkaError as error:
            log.info("cartwake: Kafka: %r", error)
            return Answer(0, {})
        return Answer(200, {"success": True, "accepted": len(events) - len(rejected), "rejected": rejected})

    def _sorted_out(
        self, write_key: str, events: Sequence[bytes], partitions: int, now_ms: int
    ) -> tuple[dict[int, list[bytes]], list[Any]]:
        """(lines by partition, what the stream would refuse, as the collector tells it)."""
        lines: dict[int, list[bytes]] = {}
        rejected = []
        for index, event in enumerate(events):
            message = json.loads(event)
            try:
                line = line_of(message, write_key, now_ms)
            except Unfit as why:
                rejected.append({"index": index, "id": message["messageId"], "code": "invalid_field", "message": str(why)})
                continue
            lines.setdefault(self._partition(key_of(message), partitions), []).append(line)
        return lines, rejected

    def _partition(self, key: str, partitions: int) -> int:
        return int(self._murmur2(key.encode()) & 0x7FFFFFFF) % partitions

    def _connected(self) -> Any:
        if self._producer is None:
            self._producer = self._kafka.KafkaProducer(**self._options)
        return self._producer

    def close(self) -> None:
        """Let the connection go."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=self._timeout_s)
        except self._kafka.errors.KafkaError as error:
            log.info("cartwake: Kafka: %r", error)


def _records(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Whole lines together, as many as a record holds."""
    record: list[bytes] = []
    size = 0
    for line in lines:
        if record and size + len(line) + 1 > MAX_RECORD_BYTES:
            yield b"\n".join(record)
            record, size = [], 0
        record.append(line)
        size += len(line) + 1
    if record:
        yield b"\n".join(record)


def _library() -> Any:
    try:
        library = importlib.import_module("kafka")
        importlib.import_module("kafka.errors")
    except ImportError as error:
        raise ImportError("cartwake: KafkaTransport needs kafka-python: pip install 'cartwake[kafka]'") from error
    return library
