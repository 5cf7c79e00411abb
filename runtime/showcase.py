"""The demo's stack: a live lane with a shop page, a lane for the time-lapse, and a receiver of webhooks, on a folder that starts empty."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from runtime.address import collector_url
from runtime.local.lockfile import DataLock
from runtime.local.probes import http_ready
from runtime.local.spec import ProcessSpec
from runtime.local.stack import LIVE, base_specs, lane_specs, module
from runtime.settings import Settings, ensure_secrets

LANE = "demo"
WRITE_KEY = "demo-web"
LIVE_IDLE_S = 20
MARK = "demo-folder"  # in a folder that a demo made, and so may empty


class FolderError(RuntimeError):
    """The folder holds something that is not a demo's. Choose another one."""


def fresh_settings(settings: Settings, data_dir: str) -> Settings:
    """Settings on a folder that has been emptied. Raises AlreadyRunningError if a demo runs on it, FolderError if it is not one's."""
    folder = Path(data_dir or Path(settings.data_dir) / "demo")
    _empty(folder)
    receiver = f"http://127.0.0.1:{settings.receiver_port}"
    keys = {WRITE_KEY: "web", **settings.write_keys}
    return ensure_secrets(replace(settings, data_dir=str(folder), webhook_url=receiver, write_keys=keys))


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise FolderError(f"{folder} is not empty, and no demo made it: choose a new folder with --data-dir")
    with DataLock(folder):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    (folder / MARK).write_text("Emptied by every start of `cartwake demo`.\n", encoding="utf-8")


def specs(settings: Settings) -> list[ProcessSpec]:
    """Every process of the demo."""
    live_rules = {"CARTWAKE_ABANDON_IDLE_S": str(LIVE_IDLE_S)}
    return [
        *base_specs(settings),
        *lane_specs(settings, LIVE, env=live_rules),
        *lane_specs(settings, LANE),
        receiver_spec(settings),
        shop_spec(settings, LIVE_IDLE_S),
    ]


def shop_url(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.shop_port}/"


def places(settings: Settings) -> str:
    """Where to look around, for a person."""
    warehouse = f"http://{settings.warehouse_host}:{settings.warehouse_port}/?database={settings.warehouse_database}"
    query = "SELECT channel, level, count() FROM funnel_levels_now WHERE lane = '" + LANE + "' GROUP BY 1, 2 ORDER BY 1, 2"
    return f"""  shop page   {shop_url(settings)}   fill a cart, leave it for {LIVE_IDLE_S} s, and the webhook comes
  webhooks    {settings.webhook_url}/received
  collector   {collector_url(settings)}/v1/batch   (write key {WRITE_KEY})
  warehouse   curl '{warehouse}' --data-binary "{query} FORMAT PrettyCompact"
  logs        {Path(settings.data_dir) / "logs"}"""


def receiver_spec(settings: Settings) -> ProcessSpec:
    port = settings.receiver_port
    url = f"http://127.0.0.1:{port}/healthz"
    return ProcessSpec("receiver", module("sinks", "receiver", "--port", str(port)), ready=http_ready(url), port=port, health_url=url)


def shop_spec(settings: Settings, idle_s: float) -> ProcessSpec:
    port = settings.shop_port
    options = ["--port", str(port), "--collector", collector_url(settings), "--write-key", WRITE_KEY]
    options += ["--idle-s", str(idle_s), "--receiver", settings.webhook_url]
    url = f"http://127.0.0.1:{port}/healthz"
    return ProcessSpec("shop", module("runtime.shop", *options), ready=http_ready(url), port=port, health_url=url)
