"""`cartwake replay --from-topic --swap` on a lane that runs, with shoppers in it: nothing is lost, doubled or untrue."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import replace
from os import environ
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chaos.course import Course
from chaos.passers_by import PassersBy
from chaos.report import MUST_BE_ZERO, Report
from chaos.run import LIVE_HOPS_MS
from chaos.shop import Shop
from chaos.stage import impatient, throw_away
from runtime.lanes import until_passed, until_settled
from runtime.local.control import Control
from runtime.local.progress import silent
from runtime.local.stack import LIVE, Stack, base_specs, lane_specs
from runtime.query import query
from runtime.settings import Settings, to_env
from simulator.rules import rules_of

IDLE_S = 4
OWN = {"CARTWAKE_ABANDON_IDLE_S": str(IDLE_S)}  # of the lane's processes, not of the stack


async def rebuilt(settings: Settings, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "runtime.cli", "replay", *arguments, "--lane", LIVE, "--json"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env={**environ, **to_env(settings)})
    out, said = await process.communicate()
    assert process.returncode == 0, (out + said).decode()
    found: dict[str, Any] = json.loads(out)
    return found


async def until_fired(settings: Settings, count: int) -> None:
    while (await asyncio.to_thread(query, settings, "SELECT count() FROM triggers_now WHERE lane = 'live'"))[0][0] < count:
        await asyncio.sleep(0.2)


@pytest.mark.timeout(240)
async def test_rows_that_come_meanwhile_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    settings = replace(throw_away(replace(Settings(), partitions=2), tmp_path / "data"), workers=1)
    course, report = Course(settings, LIVE, replace(rules_of(settings), idle_ms=IDLE_S * 1000)), Report(0, 0)
    specs = [*base_specs(settings), *(impatient(spec) for spec in lane_specs(settings, LIVE, env=OWN))]
    shop = Shop(settings.webhook_secret, settings.receiver_port, time.time, Random(1))
    async with shop, Stack(settings, specs, say=silent), course.clients:
        shoppers = PassersBy(course.clients, time.time, Random(2), "p", every_s=0.2, idle_s=IDLE_S)
        coming = asyncio.create_task(shoppers.run())
        await until_fired(settings, 10)
        found = await rebuilt(settings, "--from-topic", "--into", "shadow", "--swap")
        tables = {table["table"]: table for table in found["tables"]}
        assert found["swapped"] and found["stood_still_s"] > 0
        assert min(tables[name]["rebuilt"] for name in ("events", "sessions", "carts", "funnel_levels", "triggers")) >= 10
        assert {name: (each["only_before"], each["only_rebuilt"]) for name, each in tables.items()} == dict.fromkeys(tables, (0, 0))
        fired = tables["triggers"]["before"] + 10
        await until_fired(settings, fired)
        shoppers.leave()
        await coming
        await until_passed(settings, LIVE, shoppers.final_ms + LIVE_HOPS_MS)
        await until_settled(settings, LIVE)
        await course.judge(report, shoppers.final_ms, shop.came[LIVE])
        processes = {row["name"]: row["state"] for row in await asyncio.to_thread(Control(settings.data_dir).status)}
    assert {kind: getattr(report, kind) for kind in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), report.differences
    assert report.deliveries >= fired
    assert {processes[name] for name in ("worker-live", "sink-live", "webhooks-live")} == {"ready"}
