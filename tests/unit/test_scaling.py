"""What docs/scaling.md says: made from the inputs and results that are kept, by rules that are checked here on small numbers."""

from __future__ import annotations

import re

import msgspec
import pytest

from bench.lab import ROOT
from bench.scaling import hot, inputs, page, plan, rebalance, results, skew, ticks
from streams.logic.output import Output
from streams.logic.policy import Policy
from streams.memory import MemoryStream

INPUTS = inputs.load()
RESULTS = results.load(INPUTS)
SETTING = rebalance.Setting(
    persons=1_000_000, workers=4, partitions=16, share=0.5, restore_persons_per_s=100_000, session_timeout_s=6, heartbeat_s=1
)


def test_the_page_s_tables_are_those_of_the_inputs_and_results_kept() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.fill(text, page.sections(INPUTS, RESULTS)) == text, "run `python -m bench.scaling --docs`"


def test_the_page_has_no_marker_that_nobody_fills() -> None:
    names = set(re.findall(r"<!-- (\w+) -->", page.PAGE.read_text(encoding="utf-8")))
    assert names == set(page.sections(INPUTS, RESULTS))
    with pytest.raises(ValueError, match="plans"):
        page.fill("nothing here", {"plans": "x"})


def test_every_input_says_where_it_comes_from() -> None:
    for name in INPUTS.__struct_fields__:
        given = getattr(INPUTS, name)
        assert given.value > 0 and len(given.source) > 10, name


def test_the_session_s_end_and_heartbeat_are_the_worker_s() -> None:
    app = (ROOT / "streams" / "app.py").read_text(encoding="utf-8")
    assert f"broker_session_timeout={INPUTS.session_timeout_s.value:.1f}" in app
    assert f"broker_heartbeat_interval={INPUTS.heartbeat_s.value:.1f}" in app


def test_ten_times_the_rate_needs_ten_times_the_workers_until_persons_decide() -> None:
    small, large = (plan.plan(INPUTS, RESULTS.flow, RESULTS.ticks, rate, 1) for rate in (150_000, 1_500_000))
    assert (small.workers, large.workers) == (small.for_rate, large.for_rate)
    assert 10 * (small.workers - 1) < large.workers <= 10 * small.workers
    assert large.kafka_mb_per_s == pytest.approx(10 * small.kafka_mb_per_s, rel=0.01)
    many = plan.plan(INPUTS, RESULTS.flow, RESULTS.ticks, 1, 1_000_000_000)
    assert many.workers == max(many.for_memory, many.for_restore) > many.for_rate == 1
    assert many.restore_s <= plan.RESTORE_MAX_S and many.worker_gib <= 9
    for each in (small, large, many):
        assert each.partitions >= plan.PARTITIONS_A_WORKER * each.workers and each.partitions & (each.partitions - 1) == 0


def test_ticks_cost_as_many_lines_as_there_are_partitions_and_the_interval_follows() -> None:
    flat = [ticks.TickCost(partitions, ticks.lines_a_tick(partitions), 10.0) for partitions in (8, 16)]
    assert plan.cpu_s_a_tick(flat, 90, 8) == pytest.approx(30 * 100e-6)
    assert plan.cpu_s_a_tick(flat, 90, 80) == pytest.approx(318 * 100e-6)
    assert plan.tick_s(flat, 90, 8, 1) == 1 and plan.tick_s(flat, 90, 80_000, 10) == 64
    rising = [ticks.TickCost(8, 128, 10.0), ticks.TickCost(16, 512, 14.0)]
    assert plan.us_a_line(rising, 32) == pytest.approx(22)


def test_the_stream_really_writes_so_many_lines_a_tick() -> None:
    for cost in ticks.measure(rounds=1):
        assert cost.lines == 4 * cost.partitions - 2
    stream = Told(4)
    stream.tick_once()
    assert stream.lines == ticks.lines_a_tick(4)


class Told(MemoryStream):
    """Counts the tick lines that its agents write."""

    def __init__(self, partitions: int) -> None:
        self.lines = 0
        super().__init__(Policy(lane="t", partitions=partitions))

    def tick_once(self) -> None:
        self.tick(1_700_000_000_000)
        self.run()

    def _commit(self, agent: str, partition: int, out: Output) -> None:
        self.lines += sum(kind == "tick" for (topic, _), lines in out.lines.items() if topic == "journeys" for kind, _ in lines)
        super()._commit(agent, partition, out)


def test_skew_is_the_same_for_a_seed_and_grows_with_activity() -> None:
    found = skew.skews(5000, (0.0, 1.0), seed=3)
    assert found == skew.skews(5000, (0.0, 1.0), seed=3) != skew.skews(5000, (0.0, 1.0), seed=4)
    even, uneven = found[:3], found[3:]
    assert all(each.busiest == each.fullest for each in even)
    assert all(a.busiest < b.busiest for a, b in zip(even, uneven, strict=True))
    assert uneven[2].busiest >= 512 * uneven[2].hottest_share


def test_an_outage_is_noticed_by_the_session_s_end_and_then_restored() -> None:
    found = rebalance.outage(SETTING, 200, seed=1)
    assert found == rebalance.outage(SETTING, 200, seed=1)
    assert 5 <= found.noticed_s[0] <= found.noticed_s[1] <= 6
    restore_s = 2 * (1_000_000 / 16) / 100_000  # four partitions for three workers
    assert found.noticed_s[0] + 0.2 + restore_s <= found.served_s[0] <= 6 + 1.2 + restore_s
    assert found.caught_up_s[0] >= found.served_s[0]
    busier = rebalance.outage(SETTING._replace(share=0.7), 200, seed=1)
    assert busier.caught_up_s[0] > found.caught_up_s[0]
    assert rebalance.outage(SETTING._replace(share=0.8), 200, seed=1).caught_up_s[0] == float("inf")


def test_a_hot_person_is_kept_small() -> None:
    found = hot.measure(events_a_day=100_000, events=10_000, steps=2)
    assert [each.events for each in found] == [5000, 10_000]
    assert max(each.state_bytes for each in found) < 900_000


def test_bars_are_drawn_to_scale() -> None:
    assert page.bars([("a", 10.0), ("bb", 2.5)], "us") == "```\n a " + "█" * 40 + " 10 us\nbb " + "█" * 10 + " 2.5 us\n```\n"


def test_results_are_read_back_as_they_were_written() -> None:
    assert msgspec.json.decode(msgspec.json.encode(RESULTS), type=results.Results) == RESULTS
