"""A request as a server hands it on, before anybody has looked at it."""

from __future__ import annotations

from dataclasses import dataclass, field

Headers = list[tuple[bytes, bytes]]


@dataclass
class Asked:
    """`marks` are those of its good events, which have to be taken whatever the others are; empty where nothing is promised.

    `parts`: in how many pieces the body arrives; `leaves`: the client goes before the last of them.
    """

    method: str
    path: str
    query: bytes = b""
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    marks: frozenset[str] = frozenset()
    parts: int = 1
    leaves: bool = False
