"""Which offset of a partition may be committed, when its records come to their end in any order. No I/O."""

from __future__ import annotations


class Ledger:
    """Counts what is unfinished of each record; `position` is the lowest offset that is, or the next one to be read."""

    def __init__(self, position: int) -> None:
        self._next = position
        self._left: dict[int, int] = {}  # in order of offset, as records come

    def add(self, offset: int, pieces: int) -> None:
        """A record was read; `pieces` of it are to be finished."""
        self._next = max(self._next, offset + 1)
        if pieces:
            self._left[offset] = pieces

    def advance(self, position: int) -> None:
        """Everything before was read: the end of a transaction takes an offset too."""
        self._next = max(self._next, position)

    def finish(self, offset: int) -> None:
        """A piece of that record is finished."""
        self._left[offset] -= 1
        if not self._left[offset]:
            del self._left[offset]

    @property
    def position(self) -> int:
        return next(iter(self._left), self._next)

    @property
    def unfinished(self) -> int:
        return sum(self._left.values())
