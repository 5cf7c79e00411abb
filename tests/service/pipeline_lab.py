"""One pipeline on a real Kafka: a stage that numbers its lines, records in, committed lines out."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from runtime.applied import written_ends
from runtime.topics import admin_of
from schemas.journeys import OFFSET_KEY
from streams.logic.output import Output
from streams.pipeline import Pipeline, Setup


class Numbering:
    """Gives each line the next number. A line `more:3` asks for three flushes more, each of which writes a line of its own."""

    def __init__(self) -> None:
        self.partition = 0
        self.state: dict[bytes, int] = {b"n": 0, b"more": 0}

    def load(self, key: bytes, value: bytes) -> None:
        self.state[key] = int(value)

    def restored(self) -> None:
        pass

    def on_record(self, kind: str, value: bytes, out: Output) -> None:
        for line in value.split(b"\n"):
            self.state[b"n"] += 1
            out.emit_to("out", 0, b"%d:%s" % (self.state[b"n"], line), kind)
            if line.startswith(b"more:"):
                self.state[b"more"] = int(line[5:])

    def flush(self, out: Output) -> bool:
        if self.state[b"more"]:
            out.emit_to("out", 0, b"rest %d" % self.state[b"more"])
            self.state[b"more"] -= 1
        out.changes.update({key: str(value).encode() for key, value in self.state.items()})
        return self.state[b"more"] > 0


class Given:
    """A delivery as a consumer hands it over."""

    def __init__(self, record: Any) -> None:
        self.offset: int = record.offset
        self.value: bytes = record.value
        self.headers = record.headers
        self.acked = False

    def ack(self) -> None:
        self.acked = True


class Turn(asyncio.Lock):
    """A lock that knows how many wait for it."""

    waiting = 0

    async def acquire(self) -> Literal[True]:
        self.waiting += 1
        try:
            return await super().acquire()
        finally:
            self.waiting -= 1


class PipelineLab:
    """`write` input, `deliver` it to a pipeline as Faust would, `output` what was committed."""

    def __init__(self, bootstrap: str, name: str) -> None:
        self.bootstrap, self.name = bootstrap, name
        self.turn = Turn()
        self.setup = Setup(
            bootstrap=bootstrap,
            agent="numbering",
            transactional_id=name,
            input_topic=f"{name}.in",
            state_topic=f"{name}.state",
            partition=0,
            partitions=1,
            max_record_bytes=1 << 16,
            topic_of=lambda topic: f"{name}.{topic}",
            make_stage=Numbering,
            turn=self.turn,
        )
        with admin_of(bootstrap) as admin:
            admin.create_topics({f"{name}.{topic}": {"num_partitions": 1} for topic in ("in", "out", "state")})
            admin.wait_for_topics([f"{name}.{topic}" for topic in ("in", "out", "state")])

    async def write(self, *values: bytes, abort: bool = False) -> None:
        """One transaction of input records, so that markers lie between them as in `journeys`."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=f"{self.name}-writer")
        await producer.start()
        await producer.begin_transaction()
        for value in values:
            await producer.send_and_wait(self.setup.input_topic, value, headers=[("kind", b"event")])
        await (producer.abort_transaction() if abort else producer.commit_transaction())
        await producer.stop()

    async def deliver(self, pipeline: Pipeline, first: int = 0) -> list[Given]:
        """Submit all committed input from an offset on, wait until it is acknowledged."""
        given = [each for each in await self.read_input() if each.offset >= first]
        for each in given:
            await pipeline.submit(each)
        async with asyncio.timeout(30):
            while not all(each.acked for each in given):
                await asyncio.sleep(0.02)
        return given

    async def read_input(self) -> list[Given]:
        return [Given(record) for record in await self._read(self.setup.input_topic)]

    async def output(self) -> list[bytes]:
        return [line for record in await self._read(f"{self.name}.out") for line in record.value.split(b"\n")]

    def is_waited_for(self) -> bool:
        """Whether a pipeline waits for its turn, all of them sharing this lab's."""
        return self.turn.waiting > 0

    async def applied_offsets(self) -> list[int]:
        """The input offset that each transaction says it has come to."""
        return [int(record.value) for record in await self._read(self.setup.state_topic) if record.key == OFFSET_KEY]

    async def _read(self, topic: str) -> list[Any]:
        tp = TopicPartition(topic, 0)
        end = (await written_ends(self.bootstrap, [tp]))[tp]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest")
        await consumer.start()
        consumer.assign([tp])
        found: list[Any] = []
        while await consumer.position(tp) < end:
            found += (await consumer.getmany(tp, timeout_ms=200)).get(tp, [])
        await consumer.stop()
        return found
