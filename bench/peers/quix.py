"""The job on Quix Streams as its documentation writes it: StreamingDataFrames, keyed State on RocksDB, at-least-once.

Arguments: see bench/peers/finish.py. One event a message, and Quix's own defaults. It has no timers: one fires when its person does the
next thing, or at the end.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State

from bench.peers import shop_logic as shop
from bench.peers.finish import Finish, arguments

Message = dict[str, Any]


def make_app(bootstrap: str, prefix: str, finish: Finish) -> Application:
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"{prefix}-app",
        auto_offset_reset="earliest",
        state_dir=f"{finish.folder}/quix",
        loglevel="WARNING",
    )
    events = app.topic(f"{prefix}.events", key_deserializer="str", value_deserializer="json")
    journeys = app.topic(
        f"{prefix}.journeys", key_deserializer="str", value_deserializer="json", key_serializer="str", value_serializer="json"
    )
    results = app.topic(f"{prefix}.results", key_serializer="str", value_serializer="json")

    def identify(event: Message, state: State) -> list[Message]:
        finish.begin()
        device = state.get("device") or shop.new_device()
        if not shop.is_new(device, event):
            return []
        shop.clean(event)
        joined = shop.resolve(device, event)
        rows = shop.Rows()
        shop.session(device, event, rows.emit)
        state.set("device", device)
        found = [{"key": joined, "kind": "give_up", "body": {"to": event["person_id"], "at": event["at_ms"]}}] if joined else []
        return [*found, {"key": event["person_id"], "kind": "event", "body": event}, *rows]

    def journey(step: Message, state: State) -> list[Message]:
        person_id = step["key"]
        person = state.get("person") or shop.new_person()
        waiting = len(person["waiting"])
        rows = shop.Rows()
        reply = shop.person_step(person_id, person, step["kind"], step["body"], rows.emit)
        state.set("person", person)
        told = finish.applied(person_id, step["kind"], waiting - len(person["waiting"]))
        times = [{"key": each, "kind": "time", "body": {"now": finish.final_ms}} for each in told]
        found = [{"key": reply[0], "kind": reply[1], "body": reply[2]}] if reply else []
        if finish.is_done:
            app.stop()
        return [*found, *times, *rows]

    def where(message: Message, *_: Any) -> Any:
        return results if "table" in message else journeys

    for topic, step in ((events, identify), (journeys, journey)):
        app.dataframe(topic).apply(step, stateful=True, expand=True).to_topic(where, key=lambda message: message["key"])
    return app


def main() -> None:
    args, finish = arguments()
    make_app(args.bootstrap, args.prefix, finish).run()
    finish.end()


if __name__ == "__main__":
    main()
