"""Ports: a free one, and who holds one that is not."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import psutil


class PortTakenError(RuntimeError):
    """Something else listens there. The message names it; end it, or choose another port in cartwake.toml."""


@dataclass(frozen=True)
class Holder:
    """The process that listens on a port; `pid` 0 when it belongs to a user whose processes we may not see."""

    pid: int
    name: str
    command: str

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid}): {self.command}" if self.pid else "a process of another user"


def free_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def holder(port: int) -> Holder:
    """Who listens on the port."""
    try:
        listening = [c for c in psutil.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port]
        pid = next((connection.pid for connection in listening if connection.pid), 0)
        process = psutil.Process(pid) if pid else None
        return Holder(pid, process.name(), " ".join(process.cmdline())[:200]) if process else Holder(0, "", "")
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return Holder(0, "", "")


def require_free(host: str, port: int, wanted_by: str) -> None:
    """Raise PortTakenError, naming the holder, if `wanted_by` cannot listen there."""
    if not is_free(host, port):
        raise PortTakenError(f"{wanted_by} needs {host}:{port}, which is held by {holder(port)}")
