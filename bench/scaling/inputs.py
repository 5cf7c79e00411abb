"""The measured inputs, in one place: `inputs.json`. Each has a value and says where it comes from."""

from __future__ import annotations

from pathlib import Path

import msgspec

PATH = Path(__file__).with_name("inputs.json")


class Measured(msgspec.Struct, frozen=True):
    """A number; its unit is in its name. `source`: the command, or `assumed` with the reason."""

    value: float
    source: str


class Inputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One core each, where nothing else is said."""

    worker_events_per_s: Measured
    collector_events_per_s: Measured
    restore_persons_per_s: Measured
    memory_bytes_per_person: Measured
    changelog_bytes_per_person: Measured
    worker_base_mib: Measured
    sink_rows_per_s: Measured
    warehouse_rows_per_s: Measured
    warehouse_bytes_per_row: Measured
    kafka_broker_mb_per_s: Measured
    record_us: Measured
    session_timeout_s: Measured
    heartbeat_s: Measured
    headroom: Measured


def load(path: Path = PATH) -> Inputs:
    return msgspec.json.decode(path.read_bytes(), type=Inputs)
