"""What the requests under way hold in memory: the bytes of their bodies, and how many wait for an answer. Refused instead of growing."""

from types import TracebackType

from collector.answers import unavailable


class Gate:
    """The sums over all requests under way."""

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self.max_requests, self.max_bytes = max_requests, max_bytes
        self.requests = 0
        self.used_bytes = 0

    def enter(self) -> "Place":
        """Once for each request, with `with`."""
        return Place(self)


class Place:
    """One request's part of the sums. A slow body counts by what has arrived of it, so that slow clients shut nobody out."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._held_bytes = 0
        self._is_read = False

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._gate.used_bytes -= self._held_bytes
        self._gate.requests -= self._is_read

    def arrived(self, size_bytes: int) -> None:
        """More of the body. Refused with 503 when all bodies together are too large."""
        if self._gate.used_bytes + size_bytes > self._gate.max_bytes:
            raise unavailable("overloaded", "More is being received than fits; send again later.")
        self._gate.used_bytes += size_bytes
        self._held_bytes += size_bytes

    def read(self, size_bytes: int) -> None:
        """The body is complete, and so large unpacked. Refused with 503 when too many wait for their answer."""
        if self._gate.requests >= self._gate.max_requests:
            raise unavailable("overloaded", "Too many requests wait for their answer; send again later.")
        self.arrived(size_bytes - self._held_bytes)
        self._gate.requests += 1
        self._is_read = True
