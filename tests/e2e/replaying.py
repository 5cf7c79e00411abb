"""A stack to replay into, the command, and a log made up by seed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.local.progress import silent
from runtime.local.spec import ProcessSpec
from runtime.local.stack import Stack, base_specs
from runtime.settings import Settings, ensure_secrets, to_env

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CARTWAKE_DATA") or ROOT.parent / "shared" / "data")
START_TIMEOUT_S = 120.0
COMMAND_TIMEOUT_S = 240.0
FUNNEL = ["view_item", "add_to_cart", "purchase"]
COLUMNS = ("event", "time", "user_id", "device_id", "product_id", "price", "quantity")


@dataclass(frozen=True)
class Replaying:
    """Settings of the stack, and the command that replays on it."""

    settings: Settings

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "runtime.cli", "replay", *arguments, "--json"]
        environ = {**os.environ, **to_env(self.settings)}
        return subprocess.Popen(command, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments: str) -> dict[str, Any]:
        """The summary of a replay that went well."""
        return summary_of(self.begin(*arguments))


def summary_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, said = process.communicate(timeout=COMMAND_TIMEOUT_S)
    assert process.returncode == 0, out + said
    found: dict[str, Any] = json.loads(out)
    return found


def settings_in(folder: Path) -> Settings:
    """A stack of its own: free ports, a small funnel whose steps real logs have."""
    ports = free_ports(4)
    return ensure_secrets(
        Settings(
            data_dir=str(folder),
            kafka_bootstrap=f"127.0.0.1:{ports[0]}",
            warehouse_port=ports[1],
            collector_port=ports[2],
            webhook_url=f"http://127.0.0.1:{ports[3]}",
            partitions=2,
            funnel_steps=FUNNEL,
        )
    )


@contextmanager
def stack_in(folder: Path) -> Iterator[Replaying]:
    """Kafka, the warehouse and the collector."""
    settings = settings_in(folder)
    with stack_of(settings, base_specs(settings)):
        yield Replaying(settings)


@contextmanager
def stack_of(settings: Settings, specs: list[ProcessSpec]) -> Iterator[None]:
    """These processes, run by a supervisor in a thread of this process."""
    started, ended = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    async def serve() -> None:
        async with Stack(settings, specs, say=silent):
            started.set()
            while not ended.is_set():
                await asyncio.sleep(0.05)

    def body() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=body, name="stack")
    thread.start()
    try:
        assert started.wait(START_TIMEOUT_S), "the stack did not start"
        if failures:
            raise failures[0]
        yield
    finally:
        ended.set()
        thread.join()


def free_ports(count: int) -> list[int]:
    """Ports below those that the system gives to connections, so that none is taken in between."""
    found: list[int] = []
    for port in random.sample(range(20_000, 30_000), 200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


def made_up_log(shoppers: int, seed: int = 7) -> str:
    """A CSV of shoppers who look, fill carts and sometimes buy over ten days; every second one signs in after a while. In no order."""
    chance = random.Random(seed)
    rows = []
    for shopper in range(shoppers):
        at_s = 1_700_000_000 + chance.randrange(864_000)
        device = f"device-{shopper}" if shopper % 2 else ""
        for number in range(chance.randint(3, 12)):
            at_s += chance.choice((20, 300, 2_000, 90_000))
            user = "" if device and number < 2 else f"user-{shopper}"
            event = chance.choices(("view", "add_to_cart", "buy"), (6, 3, 1))[0]
            rows.append((event, at_s, user, device, f"sku-{chance.randrange(50)}", f"{chance.randrange(100, 9_999) / 100}", 1))
    chance.shuffle(rows)
    return "\n".join([",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]) + "\n"


MADE_UP = ("--format", "csv", "--time-format", "s", "--map-event", "view=view_item", "--map-event", "buy=purchase", "--currency", "EUR")
