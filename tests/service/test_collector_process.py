"""The collector's process without any Kafka: HTTPS, several processes behind one port, and what it says of settings that cannot be."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.local.ports import free_port
from runtime.local.probes import http_get
from runtime.send import Sender
from runtime.settings import Settings, to_env
from tests.service.collector_lab import collector_on
from tests.waiting import eventually

NO_KAFKA = "127.0.0.1:1"
BATCH = {"writeKey": "demo-web", "batch": [{"type": "track", "event": "x", "anonymousId": "d1"}]}


def certificate(folder: Path) -> dict[str, str]:
    """The settings for a certificate that somebody made for a shop's name."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not installed")
    found = {"tls_certificate": str(folder / "cert.pem"), "tls_key": str(folder / "key.pem")}
    what = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=events.shop.example"]
    where = ["-keyout", found["tls_key"], "-out", found["tls_certificate"]]
    subprocess.run(["openssl", "req", "-x509", *what, *where], check=True, capture_output=True)
    return found


async def test_it_speaks_https_where_a_certificate_is_named(tmp_path: Path) -> None:
    with collector_on(NO_KAFKA, tmp_path, **certificate(tmp_path)) as collector:
        assert collector.url.startswith("https://")
        reply = await collector.post("/v1/batch", BATCH)
        assert (reply.status, reply.json["accepted"]) == (200, 1)
        assert reply.headers["strict-transport-security"].startswith("max-age=")
        assert await http_get(f"{collector.url}/healthz") == (200, b'{"success":true,"status":"alive"}')
        async with Sender(collector.settings, "demo-web", patience_s=5) as sender:
            await sender.send([Message()])
        assert sender.sent.accepted == 1
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"{collector.url}/healthz")
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"http://127.0.0.1:{collector.settings.collector_port}/healthz")


class Message:
    """One message as replays send them."""

    key = "d1"
    body = b'{"type":"track","event":"x","anonymousId":"d1"}'


def refused_start(folder: Path, *arguments: str, **changes: Any) -> tuple[int, str]:
    """(exit code, what it said) of a collector that does not start."""
    settings = Settings(data_dir=str(folder), collector_port=free_port(), **changes)
    command = [sys.executable, "-m", "collector", *arguments]
    done = subprocess.run(command, env={**os.environ, **to_env(settings)}, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def test_settings_that_cannot_be_end_the_start_and_are_named(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    assert refused_start(tmp_path, tls_certificate=tls["tls_certificate"]) == (
        2,
        "collector: tls_certificate and tls_key: both are needed, or neither\n",
    )
    for changes in ({**tls, "tls_key": str(tmp_path / "none.pem")}, {**tls, "tls_key": tls["tls_certificate"]}):
        code, said = refused_start(tmp_path, **changes)
        assert (code, "tls_key" in said, "Traceback" in said) == (2, True, False)
    code, said = refused_start(tmp_path, write_keys={"same": "web"}, secret_key="same")
    assert (code, "write_keys" in said, "same" in said) == (2, True, False)
    code, said = refused_start(tmp_path, "--workers", "0")
    assert (code, "'0' is not a number of processes" in said) == (2, True)


async def test_several_processes_each_keep_what_kafka_does_not_take(tmp_path: Path) -> None:
    with collector_on(NO_KAFKA, tmp_path, "--workers", "2") as collector:
        for _ in range(20):  # each a connection of its own, to whichever process
            assert (await collector.post("/v1/batch", BATCH)).status == 200
        metrics = (await collector.ask("GET", "/metrics")).json.decode()
        assert 'cartwake_collector_events_total{code="",outcome="accepted"} 20.0' in metrics
        assert await asyncio.to_thread(collector.end) == 0
    rows = b"".join(path.read_bytes() for path in (tmp_path / "spill").iterdir())
    assert rows.count(b'"event":"custom"') == 20


async def test_when_the_first_process_is_killed_the_others_leave_the_port(tmp_path: Path) -> None:
    with collector_on(NO_KAFKA, tmp_path, "--workers", "2") as collector:
        assert await asyncio.to_thread(collector.end, signal.SIGKILL) == -signal.SIGKILL
        port = collector.settings.collector_port
        await eventually(lambda: is_free(port), what="the port")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
