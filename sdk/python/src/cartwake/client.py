"""The client: every call becomes one encoded message in the sender's queue."""

from __future__ import annotations

import atexit
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cartwake.calls import Calls
from cartwake.commerce import Who
from cartwake.encode import dumps, iso
from cartwake.policy import Policy
from cartwake.reports import OnError, OnRejected
from cartwake.sender import Sender
from cartwake.transport import HttpTransport, Transport

if TYPE_CHECKING:
    from typing_extensions import Self

VERSION = "0.1.0"


class Client(Calls):
    """Sends events to one collector with one write key. Safe to use from any thread, from asyncio, and after a fork."""

    def __init__(
        self,
        write_key: str,
        host: str = "",
        *,
        transport: Transport | None = None,
        source: str = "server",
        on_error: OnError | None = None,
        on_rejected: OnRejected | None = None,
        **policy: Any,
    ) -> None:
        """`policy` takes the fields of `Policy`: gzip=True, flush_interval_s=2.0, ...; `transport` is another way than HTTP to `host`."""
        if not write_key or not (host or transport):
            raise ValueError("cartwake: write_key and host are needed")
        self._policy = Policy(**policy)
        self._source = source
        self._sender = Sender(write_key, transport or HttpTransport(host, self._policy), self._policy, on_error, on_rejected)
        atexit.register(self.close)

    def send(self, message: dict[str, Any], who: Who) -> str:
        user_id, device_id = who.get("user_id"), who.get("device_id")
        if not user_id and not device_id:
            raise ValueError(f"cartwake: {message.get('event') or message['type']} needs a user_id or a device_id")
        message_id = who.get("message_id") or self.new_id()
        ids = {"messageId": message_id, "anonymousId": device_id, "userId": user_id}
        message.update({name: value for name, value in ids.items() if value})
        message["timestamp"] = iso(who.get("timestamp", int(time.time() * 1000)))
        message["context"] = self._context(who.get("context"), who.get("source"))
        self._sender.put(dumps(message))
        return message_id

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything is answered for; False when `timeout` seconds passed before.

        It blocks: in asyncio `await asyncio.to_thread(client.flush)`.
        """
        return self._sender.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Flush and end. Called at the program's exit with `exit_timeout_s`."""
        atexit.unregister(self.close)
        return self._sender.close(self._policy.exit_timeout_s if timeout is None else timeout)

    @property
    def dropped(self) -> int:
        """How many events were not sent; `on_error` was told of each."""
        return self._sender.dropped

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _context(self, given: Mapping[str, Any] | None, source: str | None) -> dict[str, Any]:
        return {"source": source or self._source, "library": {"name": "cartwake-python", "version": VERSION}, **(given or {})}
