"""Who was erased, as a partition knows it: hashes that came through the log, kept in its changelog for good."""

from collections.abc import Iterable

from schemas.suppression import Suppression, id_hash

PREFIX = b"@erased:"


class Erased:
    """Empty it costs nothing."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self._list = Suppression(salt)
        self._fresh: list[str] = []
        self.is_any = False

    def add(self, hashes: Iterable[str]) -> frozenset[str]:
        """Those that are new."""
        new = frozenset(hashes) - self._list.hashes
        if new:
            self._list = Suppression(self._salt, self._list.hashes | new)
            self._fresh += new
            self.is_any = True
        return new

    def load(self, key: bytes) -> None:
        """Take one changelog entry back."""
        self.add([key[len(PREFIX) :].decode()])
        self._fresh.clear()

    def changes(self) -> dict[bytes, bytes | None]:
        """What a batch adds to the changelog."""
        found: dict[bytes, bytes | None] = {PREFIX + each.encode(): b"1" for each in self._fresh}
        self._fresh = []
        return found

    def names(self, line: bytes) -> bool:
        """Whether a line is about one of them."""
        return self.is_any and self._list.is_erased(line)

    def is_one_of(self, person_id: str, hashes: frozenset[str]) -> bool:
        return id_hash(person_id, self._salt) in hashes
