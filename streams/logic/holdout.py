"""Who is told nothing, so that it can be measured what telling brings: a draw that anyone can do again."""

from hashlib import blake2b

from streams.logic.policy import Policy

_ALL = 1 << 64


def held_out(rule: str, origin: str, policy: Policy) -> bool:
    """Whether the rule's triggers of the person whose first event spoke of `origin` (`u:<user>` or `d:<device>`) are never sent.

    The draw is the BLAKE2b of rule, salt and origin, 8 bytes as a share of all there are; a larger percentage holds out the same
    persons and more.
    """
    if not policy.holdout_percent:
        return False
    name = "\x1f".join(("holdout", rule, policy.holdout_salt, origin))
    draw = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
    return draw < policy.holdout_percent / 100 * _ALL
