"""Jitsu's HTTP API: one of Segment's calls a request, the key `id:secret` in `X-Write-Key`."""

from typing import Any

from collector.answers import Answer, Rejected, ok, told
from collector.call import TYPES
from collector.dialects.dialect import Given, Sent
from collector.dialects.segment import BATCH, Segment

ROUTES = {f"/api/s{side}/{kind}": kind for side in ("", "/s2s") for kind in (*TYPES, BATCH)}


class Jitsu(Segment):
    name = "jitsu"

    def open(self, given: Given) -> Sent:
        sent = super().open(given)
        # The client insists on a key of two parts; the first names the source. In the body it is masked.
        sent.keys = (given.headers.get("x-write-key", "").partition(":")[0], *(_first_part(key) for key in sent.keys))
        return sent

    def answer(self, kind: str, accepted: int, rejected: list[Rejected]) -> Answer:
        return ok(ok=True, accepted=accepted, rejected=told(rejected))


def _first_part(key: Any) -> Any:
    return key.partition(":")[0] if isinstance(key, str) else None


JITSU = Jitsu()
