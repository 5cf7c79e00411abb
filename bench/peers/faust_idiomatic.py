"""The job on Faust as its user guide writes it: Records, one event a message, Tables, agents joined by a keyed topic.

Arguments: see bench/peers/finish.py. Settings are Faust's defaults but for the web server, which is off; the memory store is the
default, and the quicker of its two. A timer fires when its person does the next thing, or at the end: a running shop would need more.
"""

from __future__ import annotations

from typing import Any, Optional

import faust

from bench.peers import shop_logic as shop
from bench.peers.finish import Finish, arguments


class Collected(faust.Record, serializer="json"):
    """A message of `events`: what the job needs of it."""

    event: str
    message_id: str
    received_at_ms: int
    device_id: str = ""
    user_id: str = ""
    client_at_ms: int = 0
    sent_at_ms: int = 0
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_name: str = ""
    page_url: str = ""
    cart_id: str = ""
    order_id: str = ""
    currency: str = ""
    items: list = []  # type: ignore[type-arg]  # noqa: RUF012
    cart_items: Optional[list] = None  # type: ignore[type-arg]  # noqa: UP045


class Step(faust.Record, serializer="json"):
    """A message of `journeys`: an event with its person, or a word from one person to another."""

    kind: str  # event, give_up, take_over, time
    body: dict  # type: ignore[type-arg]


def make_app(bootstrap: str, prefix: str, partitions: int, finish: Finish) -> faust.App:
    app = faust.App(
        f"{prefix}-app",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        topic_partitions=partitions,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        datadir=f"{finish.folder}/faust",
    )
    events = app.topic(f"{prefix}.events", key_type=str, value_type=Collected)
    journeys = app.topic(f"{prefix}.journeys", key_type=str, value_type=Step)
    results = app.topic(f"{prefix}.results", key_type=str, value_type=dict)  # type: ignore[arg-type]  # as its guide does
    devices = app.Table("devices", default=shop.new_device)
    persons = app.Table("persons", default=shop.new_person)

    @app.agent(events)
    @finish.guarded
    async def identify(stream: Any) -> None:
        async for collected in stream:
            finish.begin()
            event = collected.asdict()
            device = devices[event["device_id"]]
            rows = shop.Rows()
            if not shop.is_new(device, event):
                continue
            shop.clean(event)
            joined = shop.resolve(device, event)
            shop.session(device, event, rows.emit)
            devices[event["device_id"]] = device
            if joined:
                await journeys.send(key=joined, value=Step(kind="give_up", body={"to": event["person_id"], "at": event["at_ms"]}))
            await journeys.send(key=event["person_id"], value=Step(kind="event", body=event))
            await tell(rows)

    @app.agent(journeys)
    @finish.guarded
    async def journey(stream: Any) -> None:
        async for person_id, step in stream.items():
            rows = shop.Rows()
            person = persons[person_id]
            waiting = len(person["waiting"])
            reply = shop.person_step(person_id, person, step.kind, step.body, rows.emit)
            persons[person_id] = person
            if reply is not None:
                await journeys.send(key=reply[0], value=Step(kind=reply[1], body=reply[2]))
            await tell(rows)
            for each in finish.applied(person_id, step.kind, waiting - len(person["waiting"])):
                await journeys.send(key=each, value=Step(kind="time", body={"now": finish.final_ms}))
            if finish.is_done:
                await end()

    async def tell(rows: shop.Rows) -> None:
        for row in rows:
            await results.send(key=row["key"], value=row)

    async def end() -> None:
        await app.producer.flush()
        await app.consumer.commit()
        finish.end()

    return app


def main() -> None:
    args, finish = arguments()
    app = make_app(args.bootstrap, args.prefix, args.partitions, finish)
    faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
