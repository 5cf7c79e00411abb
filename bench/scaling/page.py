"""The tables and charts of docs/scaling.md, between its markers; the words around them are written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.lab import ROOT
from bench.scaling.inputs import Inputs
from bench.scaling.plan import Plan, cpu_s_a_tick, plan, us_a_line
from bench.scaling.results import Results
from bench.scaling.ticks import lines_a_tick

PAGE = ROOT / "docs" / "scaling.md"
RATES = (10_000, 100_000, 1_000_000)
PERSONS = (10_000_000, 1_000_000_000)
_BAR = 40


def sections(inputs: Inputs, results: Results) -> dict[str, str]:
    """Text by the name of its marker."""
    plans = [plan(inputs, results.flow, results.ticks, rate, persons) for persons in PERSONS for rate in RATES]
    return {
        "inputs": _inputs(inputs),
        "plans": _plans(plans),
        "flow": _flow(results),
        "ticks": _ticks(inputs, results),
        "skew": _skew(results),
        "hot": _hot(results),
        "outage": _outage(results),
    }


def fill(page: str, found: dict[str, str]) -> str:
    """The page with each `<!-- name -->` ... `<!-- /name -->` filled. ValueError when a marker is missing."""
    for name, text in found.items():
        head, opened, rest = page.partition(f"<!-- {name} -->\n")
        _, closed, tail = rest.partition(f"<!-- /{name} -->")
        if not opened or not closed:
            raise ValueError(f"docs/scaling.md has no markers for {name}")
        page = head + opened + text + closed + tail
    return page


def bars(rows: Sequence[tuple[str, float]], unit: str) -> str:
    """A chart of text: a bar for each value, the longest one the largest value's."""
    widest, largest = max(len(name) for name, _ in rows), max(value for _, value in rows)
    drawn = [f"{name:>{widest}} {'█' * max(1, round(value / largest * _BAR))} {value:g} {unit}" for name, value in rows]
    return "```\n" + "\n".join(drawn) + "\n```\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def _inputs(inputs: Inputs) -> str:
    names = inputs.__struct_fields__
    return _table(("input", "value", "source"), ((f"`{name}`", f"{(m := getattr(inputs, name)).value:,g}", m.source) for name in names))


def _plans(plans: Sequence[Plan]) -> str:
    def of(label: str, value: Iterable[str]) -> list[str]:
        return [label, *value]

    head = ["", *(f"{each.events_per_s // 1000} k/s, {each.persons // 10**6} M" for each in plans)]
    rows = [
        of("collectors (1 core)", (f"{each.collectors}" for each in plans)),
        of("workers (1 core)", (f"{each.workers}" for each in plans)),
        of("... for rate / memory / restore", (f"{each.for_rate} / {each.for_memory} / {each.for_restore}" for each in plans)),
        of("partitions", (f"{each.partitions}" for each in plans)),
        of("memory of a worker, GiB", (f"{each.worker_gib}" for each in plans)),
        of("restore of a worker, s", (f"{each.restore_s}" for each in plans)),
        of("`tick_s` at least", (f"{each.tick_s:g}" for each in plans)),
        of("state, GiB", (f"{each.state_gib:,}" for each in plans)),
        of("changelog with copies, GiB", (f"{each.changelog_gib:,}" for each in plans)),
        of("into Kafka with copies, MB/s", (f"{each.kafka_mb_per_s:,}" for each in plans)),
        of("brokers", (f"{each.brokers}" for each in plans)),
        of("sinks (1 core)", (f"{each.sinks}" for each in plans)),
        of("ClickHouse, cores for inserts", (f"{each.warehouse_cores}" for each in plans)),
        of("ClickHouse, GB a day and copy", (f"{each.warehouse_gb_per_day:,}" for each in plans)),
    ]
    return _table(head, rows)


def _flow(results: Results) -> str:
    flow = results.flow
    rows = [
        ("an event in `events`, bytes", flow.events_bytes),
        ("... in `journeys`", flow.journeys_bytes),
        ("... in the result topics", flow.results_bytes),
        ("... in the changelogs", flow.changelog_bytes),
        ("zstd leaves of these", f"{flow.packed_share:.0%}"),
        ("rows in the warehouse", flow.rows_per_event),
        ("state of a person in the changelog, bytes", flow.state_bytes_per_person),
    ]
    return _table((f"{flow.events:,} simulated events, {flow.persons:,} persons", "per event"), rows)


def _ticks(inputs: Inputs, results: Results) -> str:
    record_us = inputs.record_us.value
    rows = [
        (
            partitions,
            f"{lines_a_tick(partitions):,}",
            f"{us_a_line(results.ticks, partitions):.1f}",
            f"{cpu_s_a_tick(results.ticks, 0, partitions):,.3f}",
            f"{cpu_s_a_tick(results.ticks, record_us, partitions):,.2f}",
        )
        for partitions in (*(each.partitions for each in results.ticks), 256, 512)
    ]
    return _table(("partitions", "lines a tick", "logic, us a line", "logic, CPU s a tick", "with records, CPU s a tick"), rows)


def _skew(results: Results) -> str:
    rows = [(each.partitions, each.exponent, each.busiest, each.fullest, f"{each.hottest_share:.2%}") for each in results.skews]
    table = _table(("partitions", "Zipf exponent", "busiest / mean", "fullest / mean (persons)", "most active person's share"), rows)
    return table + "\n" + bars([(f"{each.partitions} at {each.exponent:g}", each.busiest) for each in results.skews], "x the mean")


def _hot(results: Results) -> str:
    found = bars([(f"{each.events:,}", each.us_per_event) for each in results.heat], "us an event")
    return found + "\n" + bars([(f"{each.events:,}", each.state_bytes) for each in results.heat], "bytes of state")


def _outage(results: Results) -> str:
    def told(pair: tuple[float, float]) -> str:
        return " / ".join("never" if value == float("inf") else f"{value:g}" for value in pair)

    rows = [
        (f"{s.persons:,}", s.workers, s.partitions, f"{s.share:.0%}", told(o.noticed_s), told(o.served_s), told(o.caught_up_s))
        for s, o in results.outages
    ]
    return _table(("persons", "workers", "partitions", "busy", "noticed, s", "all served, s", "no backlog, s"), rows)
