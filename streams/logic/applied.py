"""What a batch has applied so far, and of whom each line was: a person who has to be made anew is made from it."""

import msgspec

from schemas.journeys import Kind


class Named(msgspec.Struct):
    """Whose an event is."""

    person_id: str


_decode = msgspec.json.Decoder(Named).decode
_EVENT = Kind.EVENT.value


class Applied:
    """Nearly nobody asks: events are kept as the lists that they came in, and read again once somebody does."""

    def __init__(self) -> None:
        self._steps: list[list[bytes] | tuple[str, str, bytes]] = []
        self._of: dict[str, list[tuple[str, bytes]]] = {}
        self._sorted = 0  # of `_steps`, how many stand in `_of`

    def add_events(self, lines: list[bytes]) -> None:
        """Events that were applied. The list is kept as it is."""
        self._steps.append(lines)

    def add(self, person_id: str, kind: str, line: bytes) -> None:
        """A line of another kind."""
        self._steps.append((person_id, kind, line))

    def of(self, person_id: str) -> list[tuple[str, bytes]]:
        """The lines about a person in order, each with its kind."""
        for step in self._steps[self._sorted :]:
            if isinstance(step, tuple):
                self._of.setdefault(step[0], []).append(step[1:])
            else:
                for line in step:
                    self._of.setdefault(_decode(line).person_id, []).append((_EVENT, line))
        self._sorted = len(self._steps)
        return self._of.get(person_id, [])

    def forget(self, person_id: str) -> None:
        """Let go of the lines about a person."""
        self.of(person_id).clear()

    def clear(self) -> None:
        """A new batch."""
        self._steps.clear()
        self._of.clear()
        self._sorted = 0
