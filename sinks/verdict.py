"""Which lines of a range the warehouse refuses. Found before anything is written, by trying them on a target that keeps nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sinks.buffer import Record, lines_of
from sinks.intent import Intent, Position, fits

MAX_BAD_LINES = 200  # named in one range; the rest of it is left for the next

Check = Callable[[bytes], Awaitable[str]]  # '' if the lines can be read, else what is wrong


async def judge(intent: Intent, records: Sequence[Record], check: Check) -> tuple[Intent, dict[Position, str]]:
    """The range without its bad lines, shorter if they are many, and why each was refused.

    Shorter also when an earlier owner had opened it: what is refused now was refused then, so nothing of it was written.
    """
    bad = await find_bad(lines_of(records), check, MAX_BAD_LINES)
    last = intent.last
    if len(bad) >= MAX_BAD_LINES:
        last = max(bad)[0] - 1  # that record was not examined to its end
    narrow = _until(intent, bad, last)
    while not fits(narrow):
        narrow = _until(intent, bad, max(narrow.bad)[0] - 1)
    if narrow.last >= records[0].offset:
        return narrow, bad
    return await _judge_first(intent, records[0], check)


async def find_bad(lines: Sequence[tuple[Position, bytes]], check: Check, limit: int) -> dict[Position, str]:
    """The first `limit` refused lines with the reason, by halving: a good half costs one check."""
    if not lines or limit <= 0:
        return {}
    reason = await check(b"\n".join(line for _, line in lines))
    if not reason:
        return {}
    if len(lines) == 1:
        return {lines[0][0]: reason}
    middle = len(lines) // 2
    bad = await find_bad(lines[:middle], check, limit)
    return bad | await find_bad(lines[middle:], check, limit - len(bad))


async def _judge_first(intent: Intent, record: Record, check: Check) -> tuple[Intent, dict[Position, str]]:
    """A range of one record. With more bad lines than a commit can name, all its lines count as bad: `rejected` keeps them, like any."""
    lines = lines_of([record])
    bad = await find_bad(lines, check, len(lines))
    named = _until(intent, bad, record.offset)
    if fits(named):
        return named, bad
    return Intent(intent.first, record.offset, frozenset(position for position, _ in lines)), bad


def _until(intent: Intent, bad: dict[Position, str], last: int) -> Intent:
    return Intent(intent.first, last, frozenset(position for position in intent.bad.union(bad) if position[0] <= last))
