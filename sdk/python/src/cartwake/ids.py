"""UUIDv7: ids that sort in the order in which they were made, also within a millisecond and when the clock is set back."""

from __future__ import annotations

import os
import threading

_SEQUENCE_BITS = 12
_lock = threading.Lock()
_last = 0


def next_id(now_ms: int) -> str:
    """An id above all that this process has made."""
    global _last
    with _lock:
        last = _last = max(now_ms << _SEQUENCE_BITS, _last + 1)
    at_ms, sequence = last >> _SEQUENCE_BITS, last & 0xFFF
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    text = f"{at_ms:012x}7{sequence:03x}{tail:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _after_fork() -> None:
    """The lock may have been held by a thread that the child does not have."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
