"""Ids that a replay finds again: hashes of what they name, 32 hex digits (BLAKE2b)."""

from hashlib import blake2b

_empty = blake2b(digest_size=16)  # to copy one takes half the time of making one


def stable_id(*parts: str | int) -> str:
    """The same parts give the same id, whoever computes it and when."""
    return name_of("\x1f".join(map(str, parts))).hex()


def name_of(text: str) -> bytes:
    """The 16 bytes that an id stands for, of its parts with U+001F between them."""
    found = _empty.copy()
    found.update(text.encode())
    return found.digest()


def user_person(user_id: str) -> str:
    return f"u:{user_id}"


def device_person(device_id: str) -> str:
    return f"d:{device_id}"


def rank(person_id: str) -> tuple[bool, str]:
    """Of two ids of one person the smaller rank stays: users before devices, so links never run in a circle."""
    return (not person_id.startswith("u:"), person_id)


def winner_and_loser(a: str, b: str) -> tuple[str, str]:
    """Which of two person ids stays, and which is given up."""
    return (a, b) if rank(a) < rank(b) else (b, a)
