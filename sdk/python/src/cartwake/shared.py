"""The one client behind the functions of the module."""

from __future__ import annotations

from typing import Any

from cartwake.calls import Calls
from cartwake.client import Client
from cartwake.commerce import Who


class Shared(Calls):
    """Passes every call on to the client that `init` has made."""

    def __init__(self) -> None:
        self._client: Client | None = None

    def init(self, write_key: str, host: str = "", **options: Any) -> Client:
        """Make the client behind the functions of this module, with the options of `Client`; the one before is closed."""
        before, self._client = self._client, Client(write_key, host, **options)
        if before is not None:
            before.close()
        return self._client

    def send(self, message: dict[str, Any], who: Who) -> str:
        if self._client is None:
            raise RuntimeError("cartwake: call cartwake.init(write_key, host) first")
        return self._client.send(message, who)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything is answered for; False when `timeout` seconds passed before."""
        return self._client is None or self._client.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Flush and end; `init` may be called again."""
        client, self._client = self._client, None
        return client is None or client.close(timeout)
