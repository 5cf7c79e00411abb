"""The kind of device behind a user agent."""

import re
from functools import lru_cache

_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk|Kindle|Android(?!.*Mobile)", re.IGNORECASE)
_MOBILE = re.compile(
    r"Mobi|iPhone|iPod|Android|Windows Phone|HarmonyOS|MicroMessenger|BlackBerry|Opera Mini|okhttp|CFNetwork", re.IGNORECASE
)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux", re.IGNORECASE)
_NAMED = {
    "ios": "mobile",
    "android": "mobile",
    "mobile": "mobile",
    "phone": "mobile",
    "tablet": "tablet",
    "ipad": "tablet",
    "desktop": "desktop",
}


@lru_cache(maxsize=4096)
def device_type(user_agent: str) -> str:
    """mobile, tablet or desktop; '' where the text does not say."""
    if _TABLET.search(user_agent):
        return "tablet"
    if _MOBILE.search(user_agent):
        return "mobile"
    return "desktop" if _DESKTOP.search(user_agent) else ""


def named_device(name: str) -> str:
    """The same for the `device.type` that Segment's mobile libraries give."""
    return _NAMED.get(name.lower(), "")
