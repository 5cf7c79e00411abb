"""One decoded event in the shape that all dialects come to, which is Segment's; and what each type of call is."""

from typing import Any

import msgspec

from collector.names import canonical, implied_content_type
from collector.rejection import Rejection, invalid, missing
from schemas.reasons import RejectReason

AnId = str | int | float | None
ATime = str | int | float | None
TYPES = ("track", "page", "screen", "identify", "group", "alias")
NAME_MAX_CHARS = 512


class Call(msgspec.Struct, rename="camel", kw_only=True):
    """One call as a client sends it; `Any` where a wrong value is no reason to refuse."""

    type: str | None = None
    event: str | None = None
    name: Any = None
    message_id: AnId = None
    anonymous_id: AnId = None
    user_id: AnId = None
    previous_id: AnId = None
    group_id: AnId = None
    timestamp: ATime = None
    original_timestamp: ATime = None
    sent_at: ATime = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Any = None


NOTHING = Call()


class Mapped(Call, rename="camel", kw_only=True):
    """A call that a dialect made of its own event. `means` is the catalogue's name where the dialect knows it, else '' (by `event`)."""

    means: str = ""


def event_name(kind: str, call: Call) -> str | Rejection:
    """The catalogue's name of a call of one of `TYPES`."""
    if isinstance(call, Mapped) and call.means:
        return call.means
    match kind:
        case "track":
            return canonical(call.event) if call.event and call.event.strip() else missing("event")
        case "page":
            return "page_view"
        case "screen":
            return "screen_view"
        case "identify" | "group" | "alias":
            return kind
        case "":
            return missing("type")
    return Rejection(RejectReason.UNKNOWN_TYPE, f"type: {kind[:64]!r} is none of {', '.join(TYPES)}", "type")


def raw_name(kind: str, call: Call) -> str:
    """The client's own name of it."""
    name = call.event if kind == "track" else call.name
    return name[:NAME_MAX_CHARS] if isinstance(name, str) else ""


def given_properties(kind: str, call: Call) -> dict[str, Any]:
    """Traits for calls about somebody, else properties, with what the name of the event implies."""
    if kind in ("identify", "group", "alias"):
        traits = call.traits or call.properties or _context_traits(call)
        return {**traits, "group_id": str(call.group_id)} if kind == "group" else traits
    given = call.properties or {}
    content_type = implied_content_type(call.event) if call.event else ""
    return {"content_type": content_type, **given} if content_type else given


def check_partners(kind: str, call: Call) -> Rejection | None:
    """The second id that `group` and `alias` are about."""
    if kind == "group" and call.group_id in (None, ""):
        return missing("groupId")
    if kind == "alias" and call.previous_id in (None, ""):
        return missing("previousId")
    if kind == "alias" and call.user_id in (None, ""):
        return missing("userId")
    if kind == "track" and call.event and len(call.event) > NAME_MAX_CHARS:
        return invalid("event", f"longer than {NAME_MAX_CHARS} characters")
    return None


def _context_traits(call: Call) -> dict[str, Any]:
    traits = call.context.get("traits") if isinstance(call.context, dict) else None
    return traits if isinstance(traits, dict) else {}
