"""When a peer is done, and how it says so."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

Agent = Callable[[Any], Awaitable[None]]


class Finish:
    """Counts what was applied. Once that is all, every person is told the final time; once they have heard it, the run is over."""

    def __init__(self, events: int, final_ms: int, folder: str) -> None:
        self.final_ms = final_ms
        self.folder = folder
        self._left = events
        self._persons: set[str] = set()
        self._told = 0
        self._began_s = 0.0
        self._began_cpu_s = 0.0

    def begin(self) -> None:
        """At each event: the clock starts at the first."""
        if not self._began_s:
            self._began_s, self._began_cpu_s = time.perf_counter(), time.process_time()

    def applied(self, person_id: str, kind: str, freed: int) -> list[str]:
        """One message was taken, and `freed` events that had waited with it (-1: it waits itself). Returns whom to tell the final time."""
        if kind == "time":
            self._told += 1
            return []
        self._persons.add(person_id)
        before, self._left = self._left, self._left - freed - (kind == "event")
        return sorted(self._persons) if before > 0 and self._left == 0 else []

    @property
    def is_done(self) -> bool:
        return self._left == 0 and self._told == len(self._persons)

    def end(self) -> None:
        """Say how long it took, and end the process: what follows is not measured."""
        print(json.dumps({"seconds": time.perf_counter() - self._began_s, "cpu_s": time.process_time() - self._began_cpu_s}))
        sys.stdout.flush()
        os._exit(0)

    def guarded(self, agent: Agent) -> Agent:
        """End the process when the agent fails: Faust would drop the event and go on, and the run would never end."""

        @wraps(agent)
        async def run(stream: Any) -> None:
            try:
                await agent(stream)
            except Exception:
                traceback.print_exc()
                os._exit(1)

        return run


def arguments() -> tuple[argparse.Namespace, Finish]:
    """What both peers are started with: `python -m bench.peers.NAME BOOTSTRAP PREFIX PARTITIONS EVENTS FINAL_MS FOLDER`."""
    parser = argparse.ArgumentParser(description="One of the engines that cartwake is compared with; started by `cartwake bench streams`.")
    parser.add_argument("bootstrap", help="Kafka's address")
    parser.add_argument("prefix", help="of its topics: PREFIX.events, PREFIX.journeys, PREFIX.results")
    parser.add_argument("partitions", type=int)
    parser.add_argument("events", type=int, help="how many there are when duplicates are taken out")
    parser.add_argument("final_ms", type=int, help="the time at the end, for timers")
    parser.add_argument("folder", help="for its state")
    args = parser.parse_args()
    return args, Finish(args.events, args.final_ms, args.folder)
