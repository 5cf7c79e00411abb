"""What the warehouse's tables and Kafka's logs hold after a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from chaos.ledger import Key
from runtime.figures import Ask
from schemas.rows import TriggerRow

EVENTS = "SELECT write_key, message_id, toUnixTimestamp64Milli(received_at) FROM events WHERE lane = {lane:String}"
DUPLICATES = """SELECT write_key, message_id, count() FROM rejected WHERE lane = {lane:String} AND code = 'duplicate'
    GROUP BY write_key, message_id"""
REFUSED = "SELECT code, count() FROM rejected WHERE lane = {lane:String} AND code != 'duplicate' GROUP BY code"
IDENTITIES = "SELECT id, person_id FROM identities_now WHERE lane = {lane:String}"
CARTS = """SELECT person_id, cart_id, status, ifNull(toUnixTimestamp64Milli(abandoned_at), 0), toDecimalString(abandoned_value, 4),
    recovered FROM carts_now WHERE lane = {lane:String} AND status != 'merged'"""
TRIGGERS = """SELECT person_id, cart_id, toUnixTimestamp64Milli(fired_at) FROM triggers_now
    WHERE lane = {lane:String} AND status = 'fired'"""
TAKEN_BACK = "SELECT DISTINCT trigger_id FROM deliveries WHERE lane = {lane:String} AND error = 'the trigger was taken back'"
# Of the table whose rows never change: what is in it more than once.
ROWS_DOUBLED = "SELECT count() - uniqExact(trigger_id, attempt) FROM deliveries WHERE lane = {lane:String}"


@dataclass(frozen=True)
class Evidence:
    """Rows of the queries above. `triggers_log`: every line of the topic of triggers, in the order of each partition."""

    events: list[tuple[str, str, int]]
    duplicates: dict[Key, int]
    refused: Counter[str]
    carts: list[tuple[Any, ...]]
    triggers: list[tuple[Any, ...]]
    taken_back: set[str]
    rows_doubled: int
    triggers_log: list[TriggerRow]


def gather(ask: Ask, lane: str, triggers_log: list[TriggerRow]) -> Evidence:
    """Blocking. Carts and triggers come with the person that they belong to now."""
    of_lane = {"lane": lane}
    person_now: dict[str, str] = dict(ask(IDENTITIES, of_lane))

    def resolved(sql: str) -> list[tuple[Any, ...]]:
        return [(person_now.get(person, person), *rest) for person, *rest in ask(sql, of_lane)]

    return Evidence(
        events=[(key, message_id, received_ms) for key, message_id, received_ms in ask(EVENTS, of_lane)],
        duplicates={(key, message_id): count for key, message_id, count in ask(DUPLICATES, of_lane)},
        refused=Counter(dict(ask(REFUSED, of_lane))),
        carts=resolved(CARTS),
        triggers=resolved(TRIGGERS),
        taken_back={trigger_id for (trigger_id,) in ask(TAKEN_BACK, of_lane)},
        rows_doubled=ask(ROWS_DOUBLED, of_lane)[0][0],
        triggers_log=triggers_log,
    )


async def read_triggers(bootstrap: str, topic: str) -> list[TriggerRow]:
    """Every committed line of the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest")
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        numbers = consumer.partitions_for_topic(topic) or set()
        keys = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(keys)
        lines: list[bytes] = []
        for key, end in (await consumer.end_offsets(keys)).items():
            while await consumer.position(key) < end:
                for messages in (await consumer.getmany(key, timeout_ms=200)).values():
                    lines += [line for message in messages for line in (message.value or b"").split(b"\n") if line]
        return [msgspec.json.decode(line, type=TriggerRow) for line in lines]
    finally:
        await consumer.stop()
