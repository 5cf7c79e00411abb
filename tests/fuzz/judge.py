"""Sends malformed requests to the application and holds every answer to what is promised."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

from schemas.reasons import RejectReason
from tests.asgi_lab import Answered, Lab, collector
from tests.fuzz.asked import Asked
from tests.fuzz.requests import request
from tests.fuzz.seeds import SEEDS

STATUSES = frozenset({200, 204, 400, 401, 404, 405, 408, 413, 422})
NEVER_413 = frozenset({SEEDS["snowplow"].batch, SEEDS["snowplow"].pixel})  # its trackers repeat such a request without end


async def fuzz(dialect: str, requests: int, seed: int = 0, **changes: Any) -> Counter[str]:
    """How many answers there were by status, and how many events; AssertionError, with the request, at the first broken promise."""
    rng = Random(f"{dialect}-{seed}")
    counts: Counter[str] = Counter()
    async with collector(**changes) as lab:
        for number in range(requests):
            asked = request(rng, dialect, number)
            lab.log.records.clear()
            answer = await lab.exchange(asked.method, asked.path, asked.query, asked.headers, asked.body, asked.parts, asked.leaves)
            try:
                judge(dialect, asked, answer, lab)
            except AssertionError as error:
                error.add_note(f"seed {seed}, request {number} of {dialect}: {asked!r:.3000}\n{answer!r:.2000}")
                raise
            counts[str(answer.status)] += 1
            counts["good events"] += len(asked.marks)
            counts["taken events"] += len(lab.taken())
            counts["rejected events"] += len(lab.rejected())
    return counts


def judge(dialect: str, asked: Asked, answer: Answered, lab: Lab) -> None:
    """No fault of ours, an answer that fits what was stored, and every good event among it."""
    taken, rejected = lab.taken(), lab.rejected()
    assert answer.status in STATUSES
    assert answer.status != 413 or asked.path not in NEVER_413
    assert RejectReason.INTERNAL_ERROR not in {row.code for row in rejected}, rejected
    assert all(line.event and line.message_id and (line.device_id or line.user_id) for line in taken)
    if answer.status >= 400:
        found = json.loads(answer.body)
        assert (found["success"], bool(found["code"]), bool(found["message"])) == (False, True, True)
        assert not taken and not rejected
    elif answer.headers.get("content-type") == "application/json" and "accepted" in (told := json.loads(answer.body)):
        assert (told["accepted"], len(told["rejected"])) == (len(taken), len(rejected))
    if asked.marks:
        assert answer.status == 200
        assert asked.marks <= {SEEDS[dialect].mark_of(line) for line in taken}
