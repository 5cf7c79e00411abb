"""Python's cyclic garbage collector in a process that holds millions of small objects and makes next to no cycles.

It would look through all persons again and again: a third of a worker's time (docs/decisions/stream-speed.md). What is no cycle is
freed at once by its reference count, as ever.
"""

import gc

_YOUNG_OBJECTS = 100_000  # allocated net of freed before the young are looked through; Python's default is 700
_MIDDLE_ROUNDS = 50
_OLD_ROUNDS = 100


def set_up() -> None:
    """Once, when the process starts."""
    gc.set_threshold(_YOUNG_OBJECTS, _MIDDLE_ROUNDS, _OLD_ROUNDS)


def leave_alone() -> None:
    """What is there now will stay: a state that has just been restored. No cycle may lead through it, or it would never go.

    What an earlier transaction left when it failed (exceptions and their frames are cycles) goes before that.
    """
    gc.collect(1)
    gc.freeze()
