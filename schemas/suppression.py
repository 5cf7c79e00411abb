"""Rows of persons who were erased: known by the keyed hashes of their ids, as no id of theirs is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from hashlib import blake2b
from typing import Any

import msgspec

MOST_KNOWN = 65_536  # ids whose hashes were looked up, kept because a hash costs more than the rest
SQL = "SELECT DISTINCT id_hash FROM erasures"


class _Named(msgspec.Struct):
    """Every field by which a line (`schemas.rows`, `collected`, `journeys`) can name a person; `raw` may hold them anywhere."""

    person_id: str = ""
    id: str = ""
    device_id: str = ""
    user_id: str = ""
    previous_id: str = ""
    a: str = ""
    b: str = ""
    winner: str = ""
    loser: str = ""
    to: str = ""
    person: str = ""
    holder: str = ""
    raw: str = ""


_decode = msgspec.json.Decoder(_Named).decode


def id_hash(person_id: str, salt: str) -> str:
    """Of `u:<user>` or `d:<device>`: 32 hex digits."""
    return blake2b(person_id.encode(), digest_size=16, key=salt.encode()[:64]).hexdigest()


class Suppression:
    """Knows the hashes. Without any it costs nothing."""

    def __init__(self, salt: str, hashes: Collection[str] = ()) -> None:
        self._salt = salt
        self.hashes = frozenset(hashes)
        self._known: dict[str, bool] = {}

    def kept(self, lines: bytes) -> bytes:
        """NDJSON without the lines of erased persons."""
        if not self.hashes or not lines:
            return lines
        return b"\n".join(line for line in lines.split(b"\n") if not self.is_erased(line))

    def is_erased(self, line: bytes) -> bool:
        """Whether a line names somebody who was erased. One that cannot be read is for others to judge."""
        try:
            named = _decode(line)
        except msgspec.DecodeError:
            return False
        return any(map(self._has, _ids(named)))

    def _has(self, each: str) -> bool:
        found = self._known.get(each)
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[each] = id_hash(each, self._salt) in self.hashes
        return found


def _ids(named: _Named) -> Iterator[str]:
    if named.device_id:
        yield f"d:{named.device_id}"
    for user in (named.user_id, named.previous_id):
        if user:
            yield f"u:{user}"
    for each in (named.person_id, named.id, named.a, named.b, named.winner, named.loser, named.to, named.person, named.holder):
        if each:
            yield each
    if named.raw:
        for text in _texts(named.raw):
            yield from (f"u:{text}", f"d:{text}")


def _texts(raw: str) -> Iterator[str]:
    """Every text in what was rejected: of JSON its values, else what stands between commas."""
    try:
        waiting: list[Any] = [msgspec.json.decode(raw)]
    except msgspec.DecodeError:
        yield from (part.strip().strip('"') for part in raw.split(","))
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, (str, int)):
            yield str(value)
