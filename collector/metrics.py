"""What the collector counts, in one list; `/metrics` gives it out."""

import os
from typing import Any, Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

Kind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    name: str
    kind: Kind
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


EVENTS = Metric(
    "cartwake_collector_events_total", "counter", "events", "Events by outcome (accepted, rejected) and reason.", ("outcome", "code")
)
REQUESTS = Metric("cartwake_collector_requests_total", "counter", "requests", "Answers by HTTP status.", ("status",))
BATCH_EVENTS = Metric(
    "cartwake_collector_batch_events", "histogram", "events", "Events in a request.", (), (1, 2, 5, 10, 20, 50, 100, 250, 500, 1000, 2500)
)
ACK_SECONDS = Metric(
    "cartwake_collector_ack_seconds",
    "histogram",
    "s",
    "From sending a record to Kafka's acknowledgement of it.",
    (),
    (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RECORD_BYTES = Metric(
    "cartwake_collector_record_bytes",
    "histogram",
    "bytes",
    "Size of the records that were acknowledged.",
    (),
    (512, 1024, 4096, 16_384, 65_536, 131_072, 262_144, 524_288, 1_048_576),
)
QUEUE_BYTES = Metric("cartwake_collector_queue_bytes", "gauge", "bytes", "Lines that wait for Kafka's acknowledgement.")
BODIES_BYTES = Metric("cartwake_collector_bodies_bytes", "gauge", "bytes", "Bodies of requests that are read or wait for their answer.")
WAITING = Metric("cartwake_collector_waiting_requests", "gauge", "requests", "Requests that have been read and wait for their answer.")
SPILLED_BYTES = Metric("cartwake_collector_spilled_bytes", "gauge", "bytes", "Acknowledged events that wait on disk for Kafka.")
REFUSED = Metric("cartwake_collector_refused_total", "counter", "requests", "Requests refused as a whole, by code.", ("code",))
LIMITED = Metric(
    "cartwake_collector_limited_events_total",
    "counter",
    "events",
    "Events of requests beyond their write key's rate or quota.",
    ("write_key", "code"),
)

FIELDS_DROPPED = Metric("cartwake_collector_fields_dropped_total", "counter", "fields", "Fields that `fields_allowed` leaves out.")

METRICS: tuple[Metric, ...] = (
    FIELDS_DROPPED,
    EVENTS,
    REQUESTS,
    REFUSED,
    LIMITED,
    BATCH_EVENTS,
    ACK_SECONDS,
    RECORD_BYTES,
    QUEUE_BYTES,
    BODIES_BYTES,
    WAITING,
    SPILLED_BYTES,
)


class Metrics:
    """The counters of this process; with several processes behind one port `PROMETHEUS_MULTIPROC_DIR` adds them up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made = {metric.name: _make(metric, self.registry) for metric in METRICS}
        self._children: dict[tuple[str, ...], Any] = {}

    def count_events(self, accepted: int, codes: dict[str, int]) -> None:
        if accepted:
            self._child(EVENTS.name, "accepted", "").inc(accepted)
        for code, count in codes.items():
            self._child(EVENTS.name, "rejected", code).inc(count)
        self._made[BATCH_EVENTS.name].observe(accepted + sum(codes.values()))

    def count_request(self, status: int) -> None:
        self._child(REQUESTS.name, str(status)).inc()

    def _child(self, name: str, *labels: str) -> Any:
        """The counter of these labels; kept, since finding it costs more than counting."""
        found = self._children.get((name, *labels))
        if found is None:
            found = self._children[name, *labels] = self._made[name].labels(*labels)
        return found

    def observe_ack(self, duration_s: float, size_bytes: int) -> None:
        self._made[ACK_SECONDS.name].observe(duration_s)
        self._made[RECORD_BYTES.name].observe(size_bytes)

    def count_dropped(self, fields: int) -> None:
        if fields:
            self._made[FIELDS_DROPPED.name].inc(fields)

    def count_refused(self, code: str) -> None:
        self._made[REFUSED.name].labels(code).inc()

    def count_limited(self, write_key: str, code: str, events: int) -> None:
        self._made[LIMITED.name].labels(write_key, code).inc(events)

    def set_held(self, queue_bytes: int, bodies_bytes: int, waiting_requests: int) -> None:
        """What is in memory now."""
        self._made[QUEUE_BYTES.name].set(queue_bytes)
        self._made[BODIES_BYTES.name].set(bodies_bytes)
        self._made[WAITING.name].set(waiting_requests)

    def set_spilled(self, used_bytes: int) -> None:
        """What waits on this process's disk now."""
        self._made[SPILLED_BYTES.name].set(used_bytes)

    def text(self) -> bytes:
        """Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def _make(metric: Metric, registry: CollectorRegistry) -> Any:
    meaning = f"{metric.meaning} ({metric.unit})"
    match metric.kind:
        case "counter":
            return Counter(metric.name, meaning, metric.labels, registry=registry)
        case "gauge":
            return Gauge(metric.name, meaning, metric.labels, registry=registry, multiprocess_mode="livesum")
        case "histogram":
            return Histogram(metric.name, meaning, metric.labels, registry=registry, buckets=metric.buckets)
