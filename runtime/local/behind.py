"""How far a worker says it is behind, read from its `/metrics`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from runtime.local.probes import http_get

_RECORDS, _SECONDS = "cartwake_stream_lag_records", "cartwake_stream_lag_seconds"


@dataclass(frozen=True)
class Behind:
    """All partitions of a worker: records that are not applied, and for how long the oldest of them has been waiting."""

    lag_records: int
    lag_s: float


async def ask_behind(health_url: str) -> Behind | None:
    """None where the process tells no lag: it is no worker, it has no partition, or it does not answer."""
    if not health_url:
        return None
    parts = urlsplit(health_url)
    status, text = await http_get(f"{parts.scheme}://{parts.netloc}/metrics")
    return behind_of(text.decode(errors="replace")) if status == 200 else None


def behind_of(text: str) -> Behind | None:
    """Pure: from Prometheus' text."""
    found: dict[str, list[float]] = {_RECORDS: [], _SECONDS: []}
    for line in text.splitlines():
        name, brace, rest = line.partition("{")
        if brace and name in found:
            found[name].append(float(rest.rpartition("}")[2]))
    if not found[_RECORDS]:
        return None
    return Behind(int(sum(found[_RECORDS])), max(found[_SECONDS], default=0.0))
