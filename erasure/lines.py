"""Which lines name the person: those that any field names it in, and those in whose text an id stands between quotes."""

from __future__ import annotations

import json
import re

from erasure.ids import PersonIds
from schemas.suppression import Suppression, id_hash


class Lines:
    """`hits` of a record's value."""

    def __init__(self, ids: PersonIds, salt: str) -> None:
        bare = sorted({json.dumps(each[2:], ensure_ascii=False)[1:-1] for each in ids.persons}, key=lambda each: (-len(each), each))
        ways = "|".join(re.escape(each) for each in bare)
        self._quoted = re.compile(rf'"(?:[ud]:)?(?:{ways})\\*"'.encode())
        self._named = Suppression(salt, {id_hash(each, salt) for each in ids.persons})
        self._plain = [each.encode() for each in ids.persons] + [each[2:].encode() for each in ids.persons]

    def hits(self, value: bytes) -> int:
        """How many of its lines (a line of a `mixed` record begins with its kind)."""
        return sum(self._names(line) for line in value.split(b"\n"))

    def _names(self, line: bytes) -> bool:
        if self._quoted.search(line):
            return True
        return self._named.is_erased(line if line[:1] == b"{" else line.partition(b" ")[2])

    def is_key(self, key: bytes) -> bool:
        """Whether a changelog's key is an id of the person, after whatever prefix."""
        return any(key == each or key.endswith(b":" + each) for each in self._plain)

    def is_in(self, value: bytes) -> bool:
        """Whether an id stands in MessagePack, behind its length: of short ones that may be chance, so only texts of 4 bytes count."""
        return any(_packed(each) in value for each in self._plain if len(each) >= 4)


def _packed(text: bytes) -> bytes:
    size = len(text)
    return (bytes([0xA0 | size]) if size < 32 else bytes([0xD9, size & 0xFF])) + text
