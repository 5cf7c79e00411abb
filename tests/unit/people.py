"""Who is whom in a stream in memory, read from its changelogs, and turns of its partitions in random order."""

from __future__ import annotations

from random import Random
from typing import Any

from streams.logic import stored
from streams.logic.person import Person
from streams.memory import MemoryStream


def persons(stream: MemoryStream) -> dict[str, Person]:
    """Every person state by id, those that were given up included."""
    found = {}
    for (agent, _), state in stream.state.items():
        if agent == "journey":
            found.update({key.decode(): stored.person(value) for key, value in state.items() if not key.startswith(b"@")})
    return found


def living(stream: MemoryStream) -> dict[str, Person]:
    """Those that were not given up for another one."""
    return {person_id: person for person_id, person in persons(stream).items() if not person.merged_into}


def holders(stream: MemoryStream) -> dict[str, list[str]]:
    """Who has each event in the journal, by message id."""
    found: dict[str, list[str]] = {}
    for person_id, person in persons(stream).items():
        for entry in person.journal:
            found.setdefault(entry.message_id, []).append(person_id)
    return found


def links(stream: MemoryStream) -> dict[str, dict[str, Any]]:
    """The valid `identities` row of each id."""
    return {row["id"]: row for row in stream.latest("identities", "id").values()}


def run_in_any_order(stream: MemoryStream, random: Random) -> None:
    """Until nothing waits: partitions take turns as chance has it, a few records each, and some are lost and restored."""
    turns = [(agent, partition) for agent in ("identify", "journey") for partition in range(stream.policy.partitions)]
    while stream.most_waiting():
        agent, partition = random.choice(turns)
        stream.step(agent, partition, random.randint(1, 4))
        if random.random() < 0.05:
            stream.restart(agent, partition)


def settle(stream: MemoryStream, now_ms: int) -> None:
    """Let time come to `now_ms` everywhere."""
    for extra_ms in range(5):
        stream.tick(now_ms + extra_ms)
        stream.run()
