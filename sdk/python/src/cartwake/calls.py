"""Every call that makes a message, wherever the message then goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cartwake.commerce import About, Commerce, Properties, Who
from cartwake.ids import next_id

if TYPE_CHECKING:
    from typing_extensions import Unpack

Traits = Properties


class Calls(Commerce):
    """The calls of a client; `send` is what they come down to."""

    def send(self, message: dict[str, Any], who: Who) -> str:
        """Queue one message; returns its id."""
        raise NotImplementedError

    def new_id(self) -> str:
        return next_id(int(time.time() * 1000))

    def track(self, event: str, properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.send({"type": "track", "event": event, "properties": properties or {}}, who)

    def page(self, name: str = "", properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.send({"type": "page", "name": name, "properties": properties or {}}, who)

    def screen(self, name: str = "", properties: Properties = None, **who: Unpack[Who]) -> str:
        return self.send({"type": "screen", "name": name, "properties": properties or {}}, who)

    def identify(self, user_id: str, traits: Traits = None, **about: Unpack[About]) -> str:
        """Says what is known of a user, and with `device_id` that the device is theirs."""
        return self.send({"type": "identify", "traits": traits or {}}, {"user_id": user_id, **about})

    def alias(self, user_id: str, previous_id: str, **about: Unpack[About]) -> str:
        """Says that two ids are one user."""
        return self.send({"type": "alias", "previousId": previous_id}, {"user_id": user_id, **about})

    def group(self, group_id: str, traits: Traits = None, **who: Unpack[Who]) -> str:
        return self.send({"type": "group", "groupId": group_id, "traits": traits or {}}, who)
