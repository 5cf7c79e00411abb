"""Values and texts that are worth trying where something else belongs, and damage to a good JSON value."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1e308,
    -0.0,
    2**53 + 1,
    2**64,
    10**400,
    "",
    " ",
    "\x00",
    "\ud800",
    "\U0010ffff",
    "x" * 600,
    "null",
    "NaN",
    "1e999",
    "-1",
    "2023-13-45T99:99:99Z",
    "0000-00-00",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "' OR 1=1 --",
    "<script>",
    "data:;base64,",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"a": {"b": {"c": []}}},
    {"__proto__": {"x": 1}},
    {"schema": 1, "data": []},
)


def odd(rng: Random) -> Any:
    """One of those, or something nested or wide."""
    match rng.randrange(12):
        case 0:
            return nested(rng, rng.choice((5, 31, 33, 60, 300)))
        case 1:
            return {f"k{number}": number for number in range(rng.choice((20, 400, 1100)))}
        case 2:
            return [rng.choice(ODD) for _ in range(rng.randrange(40))]
        case 3:
            return rng.uniform(-1e18, 1e18)
        case 4:
            return "".join(chr(rng.choice((rng.randrange(32), rng.randrange(0x20, 0x3000), 0x1F600))) for _ in range(rng.randrange(40)))
    return copy.deepcopy(rng.choice(ODD))


def nested(rng: Random, levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if rng.random() < 0.5 else [value]
    return value


def damaged(rng: Random, value: Any) -> Any:
    """The same with something else somewhere in it: another value, a key that is gone, renamed, or too many."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.15:
        return odd(rng)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        return [*value[:at], damaged(rng, value[at]), *value[at + 1 :]]
    name = rng.choice(list(value))
    rest = {each: inner for each, inner in value.items() if each != name}
    match rng.randrange(6):
        case 0:
            return rest
        case 1:
            return {**rest, name.swapcase(): value[name]}
        case 2:
            return {**value, str(odd(rng))[:300]: odd(rng)}
    return {**value, name: damaged(rng, value[name])}
