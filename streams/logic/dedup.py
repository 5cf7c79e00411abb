"""Which (write key, message id) pairs came already, remembered for `dedup_ms` of reception time.

State in the changelog: one entry a batch and hour, holding the 8-byte hashes that were new; it goes as a whole when its hour has passed.
Memory: about 110 bytes an event of the window.
"""

from array import array
from hashlib import blake2b

HOUR_MS = 3_600_000
PREFIX = b"seen:"


class Dedup:
    """Remembers message ids by the hour in which they came first."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._hour_of: dict[int, int] = {}
        self._keys: dict[int, list[bytes]] = {}
        self._ids: dict[int, array[int]] = {}
        self._fresh: dict[int, array[int]] = {}
        self._latest_hour = 0

    def first_time(self, write_key: str, message_id: str, received_at_ms: int) -> bool:
        """Whether this message is new; from now on it is known."""
        digest = blake2b(f"{write_key}\x1f{message_id}".encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "big")
        hour = received_at_ms // HOUR_MS
        known = self._hour_of.get(number)
        if known is not None and hour - known <= self._window_ms // HOUR_MS:
            return False
        self._hour_of[number] = hour
        self._fresh.setdefault(hour, array("Q")).append(number)
        self._latest_hour = max(self._latest_hour, hour)
        return True

    def changes(self, batch_id: int) -> dict[bytes, bytes | None]:
        """What a batch adds to the changelog, and the hours that it lets go (None)."""
        found: dict[bytes, bytes | None] = {}
        for hour, numbers in self._fresh.items():
            key = PREFIX + f"{hour}:{batch_id}".encode()
            found[key] = numbers.tobytes()
            self._remember(hour, key, numbers)
        self._fresh = {}
        oldest = self._latest_hour - self._window_ms // HOUR_MS
        for hour in [hour for hour in self._keys if hour < oldest]:
            found.update(dict.fromkeys(self._keys.pop(hour)))
            for number in self._ids.pop(hour):
                if self._hour_of.get(number) == hour:
                    del self._hour_of[number]
        return found

    def load(self, key: bytes, value: bytes) -> None:
        """Take one changelog entry back."""
        hour = int(key[len(PREFIX) :].split(b":")[0])
        numbers = array("Q")
        numbers.frombytes(value)
        self._remember(hour, key, numbers)
        for number in numbers:
            self._hour_of[number] = max(hour, self._hour_of.get(number, 0))
        self._latest_hour = max(self._latest_hour, hour)

    def _remember(self, hour: int, key: bytes, numbers: "array[int]") -> None:
        self._keys.setdefault(hour, []).append(key)
        self._ids.setdefault(hour, array("Q")).extend(numbers)

    def __len__(self) -> int:
        return len(self._hour_of)
