"""`cartwake unmerge`: an operator says that a device is not a user's."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
import time

from runtime.settings import Settings, load
from schemas.journeys import Unlink

HELP = "take a device away from a user it was merged with"
EXAMPLE = "cartwake unmerge --device 3f0c9d1e-8a57-4b43-9c1f-6f2f4c1d7a10 --user customer-9\ncartwake unmerge --device 3f0c9d1e"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", required=True, help="the device's id (anonymousId)")
    parser.add_argument("--user", default="", help="the user's id (default: every user of the device)")
    parser.add_argument("--lane", default="live", help="the lane in which they were merged (default: live)")
    parser.add_argument("--by", default="", help="who says so, for the table identities (default: the name of this machine's user)")
    parser.add_argument("--at-ms", type=int, default=0, help="sign-ins up to then do not count, epoch milliseconds (default: now)")


def run(args: argparse.Namespace) -> int:
    """0 when Kafka has it; the worker that has the device's partition does the rest."""
    at_ms = args.at_ms or time.time_ns() // 1_000_000
    said = Unlink(device_id=args.device, user_id=args.user, at_ms=at_ms, by=args.by or getpass.getuser())
    failure = asyncio.run(_send(load(args.config), args.lane, said))
    if failure:
        print(f"cartwake: {failure}", file=sys.stderr)
        return 1
    print(f"said in lane {args.lane}: device {args.device} is not {f'user {args.user}' if args.user else 'any user'}'s")
    return 0


async def _send(settings: Settings, lane: str, said: Unlink) -> str:
    """Write it behind everything that the device did; '' when it is there, else why not."""
    import msgspec
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError

    from schemas.journeys import Kind
    from schemas.partition import partition_of
    from schemas.topics import lane_topic

    topic = lane_topic(lane, "events")
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap, acks="all", enable_idempotence=True)
    try:
        await producer.start()
        partitions = (await producer.client.fetch_all_metadata()).partitions_for_topic(topic)
        if not partitions:
            return f"Kafka has no topic {topic}"
        partition = partition_of(said.device_id, len(partitions))
        headers = [("kind", Kind.UNLINK.encode())]
        await producer.send_and_wait(topic, msgspec.json.encode(said), partition=partition, headers=headers)
    except KafkaError as error:
        return f"Kafka did not take it: {error}"
    finally:
        await producer.stop()
    return ""
