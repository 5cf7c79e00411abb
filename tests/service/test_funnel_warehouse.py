"""The live funnel level equals the warehouse's own `windowFunnel` over the same events."""

from __future__ import annotations

from random import Random

import clickhouse_connect
import pytest

from streams.logic import funnel
from streams.logic.funnel import Funnel
from streams.logic.policy import Policy

CASES = 150
T0 = 1_700_000_000_000


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_random_cases(warehouse: tuple[str, int], steps: int) -> None:
    random = Random(steps)
    names = tuple(f"step{number}" for number in range(1, steps + 1))
    host, port = warehouse
    client = clickhouse_connect.get_client(host=host, port=port)
    client.command("CREATE DATABASE IF NOT EXISTS test_funnel")
    table = f"test_funnel.steps_{steps}"
    client.command(f"CREATE TABLE {table} (case UInt32, at DateTime64(3, 'UTC'), event String) ENGINE = Memory")
    conditions = ", ".join(f"event = '{name}'" for name in names)
    for window_ms in (0, 1, 3, 7, 604_800_000):
        spread_ms = random.choice([4, 15, 30])
        rules = Policy(funnel_steps=names, funnel_window_ms=window_ms)
        rows, levels = [], {}
        for case in range(CASES):
            state = Funnel(0, [])
            for _ in range(random.randint(1, 12)):
                event, at_ms = random.choice([*names, "other"]), T0 + random.randint(0, spread_ms)
                rows.append((case, at_ms, event))
                funnel.add(state, at_ms, rules.steps().get(event, ()), rules)
                if random.random() < 0.5:
                    funnel.update(state, rules)
            funnel.update(state, rules)
            levels[case] = state.level
        client.command(f"TRUNCATE TABLE {table}")
        values = ", ".join(f"({case}, fromUnixTimestamp64Milli({at_ms}, 'UTC'), '{event}')" for case, at_ms, event in rows)
        client.command(f"INSERT INTO {table} VALUES {values}")
        level = f"windowFunnel({window_ms})(toUInt64(toUnixTimestamp64Milli(at)), {conditions})"
        found = client.query(f"SELECT case, {level} FROM {table} GROUP BY case").result_rows
        assert {row[0]: row[1] for row in found} == levels, f"window {window_ms}"
    client.command(f"DROP TABLE {table}")
    client.close()
