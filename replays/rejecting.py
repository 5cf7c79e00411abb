"""Puts rows that no message could be made of into the lane's topic `rejected`, with their bytes and the reason."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from aiokafka import AIOKafkaProducer

from replays.rows import Reject
from schemas.raw_text import text_of
from schemas.rows import RejectedRow
from schemas.topics import lane_topic

STAGE = "replay"
MAX_RAW_BYTES = 32_768


def rejected_row(reject: Reject, lane: str, write_key: str, at_ms: int) -> RejectedRow:
    """The row of the table. Only the first bytes of a huge row are kept, and the message says so."""
    raw, message = reject.raw[:MAX_RAW_BYTES], reject.message
    if len(raw) < len(reject.raw):
        message += f"; the first {len(raw)} bytes are kept"
    text, encoding = text_of(raw)
    if not message.startswith("row "):
        message = f"row {reject.row}: {message}"
    return RejectedRow(
        lane=lane,
        received_at_ms=at_ms,
        stage=STAGE,
        code=reject.code,
        message=message,
        raw=text,
        encoding=encoding,
        field=reject.field,
        write_key=write_key,
    )


async def send_rejects(bootstrap: str, lane: str, rows: Iterable[RejectedRow]) -> None:
    """Returns when Kafka has acknowledged all of them; each is written once."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5)
    await producer.start()
    try:
        topic = lane_topic(lane, "rejected")
        waiting = []
        for row in rows:
            waiting.append(await producer.send(topic, msgspec.json.encode(row)))
            if len(waiting) >= 1000:
                for done in waiting:
                    await done
                waiting.clear()
        for done in waiting:
            await done
    finally:
        await producer.stop()
