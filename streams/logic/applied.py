"""What a batch has applied so far, and of whom each line was: a person who has to be made anew is made from it."""


class Applied:
    """`add` is an append to a list, because nearly nobody asks: lines are put together by person once somebody does."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str, bytes]] = []
        self._of: dict[str, list[tuple[str, bytes]]] = {}
        self._sorted = 0  # of `_lines`, how many stand in `_of`
        self.add = self._lines.append

    def of(self, person_id: str) -> list[tuple[str, bytes]]:
        """The lines about a person in order, each with its kind."""
        for each, kind, line in self._lines[self._sorted :]:
            self._of.setdefault(each, []).append((kind, line))
        self._sorted = len(self._lines)
        return self._of.get(person_id, [])

    def forget(self, person_id: str) -> None:
        """Let go of the lines about a person."""
        self.of(person_id).clear()

    def clear(self) -> None:
        """A new batch."""
        self._lines.clear()
        self._of.clear()
        self._sorted = 0
