"""A kept list of referrers beside the built-in one: Snowplow's referer-parser database (JSON), which is brought up to date daily.

    {"search": {"Google": {"domains": ["www.google.com", ...], "parameters": ["q"]}}, "social": ..., "email": ..., "paid": ...}

The built-in list is there without any file. What it says of a host (payment gateways, above all) goes first.
"""

from pathlib import Path

import msgspec

from collector import referrers
from collector.channel import by_hosts

# Their media, to our channels.
_CHANNELS = {"search": "search", "social": "social", "email": "email", "paid": "ads", "chatbot": "referral"}


class Source(msgspec.Struct):
    domains: list[str] = []


_decode = msgspec.json.Decoder(dict[str, dict[str, Source]]).decode


class ReferrerListError(ValueError):
    """The file is not such a list; the message names it."""


def load(path: str) -> int:
    """Add the file's hosts to those known to `referrers`; how many. Raises ReferrerListError or OSError."""
    try:
        media = _decode(Path(path).read_bytes())
    except msgspec.MsgspecError as error:
        raise ReferrerListError(f"{path}: not a list in referer-parser's format: {error}") from error
    found: dict[str, str] = {}
    for medium, sources in media.items():
        channel = _CHANNELS.get(medium, "")
        for source in sources.values() if channel else ():
            for domain in source.domains:
                host = domain.lower().removeprefix("www.").partition("/")[0]
                found.setdefault(host, channel)
    referrers.LISTED.update(found)
    by_hosts.cache_clear()
    return len(found)
