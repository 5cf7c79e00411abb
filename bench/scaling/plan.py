"""From a rate and a number of persons to processes, partitions and machines. Arithmetic on measured inputs, nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from bench.scaling.flow import Flow
from bench.scaling.inputs import Inputs
from bench.scaling.ticks import TickCost, lines_a_tick

WORKER_STATE_BYTES = 8 << 30  # what one Python process should hold: more takes too long to restore
RESTORE_MAX_S = 60.0
REPLICAS = 3
CHANGELOG_FACTOR = 3  # the changelog is kept within this times the live state
PARTITIONS_A_WORKER = 2  # so that what a dead worker leaves is shared, and workers can be added
TICK_SHARE = 0.05  # of all workers' time
LEAST_PARTITIONS = 8


class Plan(NamedTuple):
    """What it takes. `workers` is the largest of the three beside it."""

    events_per_s: int
    persons: int
    workers: int
    for_rate: int
    for_memory: int
    for_restore: int
    partitions: int
    worker_gib: float
    restore_s: float
    tick_s: float
    collectors: int
    kafka_mb_per_s: float
    brokers: int
    state_gib: float
    changelog_gib: float
    sinks: int
    warehouse_cores: int
    warehouse_gb_per_day: float


def plan(inputs: Inputs, flow: Flow, ticks: Sequence[TickCost], events_per_s: int, persons: int) -> Plan:
    share = inputs.headroom.value
    state_bytes = persons * inputs.memory_bytes_per_person.value
    for_rate = math.ceil(events_per_s / (inputs.worker_events_per_s.value * share))
    for_memory = math.ceil(state_bytes / WORKER_STATE_BYTES)
    for_restore = math.ceil(persons / (inputs.restore_persons_per_s.value * RESTORE_MAX_S))
    workers = max(for_rate, for_memory, for_restore)
    partitions = max(LEAST_PARTITIONS, 1 << math.ceil(math.log2(workers * PARTITIONS_A_WORKER)))
    rows_per_s = events_per_s * flow.rows_per_event
    written = flow.events_bytes + flow.journeys_bytes + flow.results_bytes + flow.changelog_bytes
    kafka = events_per_s * written * flow.packed_share * REPLICAS / 1e6
    changelog_bytes = persons * inputs.changelog_bytes_per_person.value * CHANGELOG_FACTOR * REPLICAS
    return Plan(
        events_per_s=events_per_s,
        persons=persons,
        workers=workers,
        for_rate=for_rate,
        for_memory=for_memory,
        for_restore=for_restore,
        partitions=partitions,
        worker_gib=round(inputs.worker_base_mib.value / 1024 + state_bytes / workers / 2**30, 1),
        restore_s=round(persons / workers / inputs.restore_persons_per_s.value, 1),
        tick_s=tick_s(ticks, inputs.record_us.value, partitions, workers),
        collectors=math.ceil(events_per_s / (inputs.collector_events_per_s.value * share)),
        kafka_mb_per_s=round(kafka, 1),
        brokers=max(REPLICAS, math.ceil(kafka / inputs.kafka_broker_mb_per_s.value)),
        state_gib=round(state_bytes / 2**30, 1),
        changelog_gib=round(changelog_bytes / 2**30, 1),
        sinks=math.ceil(rows_per_s / (inputs.sink_rows_per_s.value * share)),
        warehouse_cores=math.ceil(rows_per_s / (inputs.warehouse_rows_per_s.value * share)),
        warehouse_gb_per_day=round(rows_per_s * 86_400 * inputs.warehouse_bytes_per_row.value / 1e9, 1),
    )


def tick_s(ticks: Sequence[TickCost], record_us: float, partitions: int, workers: int) -> float:
    """The shortest whole interval at which ticks cost no more than their share of the workers."""
    return float(max(1, math.ceil(cpu_s_a_tick(ticks, record_us, partitions) / (workers * TICK_SHARE))))


def cpu_s_a_tick(ticks: Sequence[TickCost], record_us: float, partitions: int) -> float:
    """Of all workers together. Each line comes in a record of its own: it is the only one of its transaction for that partition."""
    return lines_a_tick(partitions) * (us_a_line(ticks, partitions) + record_us) / 1e6


def us_a_line(ticks: Sequence[TickCost], partitions: int) -> float:
    """The logic's part: measured, else from the straight line through the two largest numbers of partitions measured."""
    for each in ticks:
        if each.partitions == partitions:
            return each.us_per_line
    before, last = sorted(ticks)[-2:]
    slope = max(0.0, (last.us_per_line - before.us_per_line) / (last.partitions - before.partitions))
    return last.us_per_line + slope * max(0, partitions - last.partitions)
