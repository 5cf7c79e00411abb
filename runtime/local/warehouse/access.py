"""Who may ask: one user without a password, on this machine, and no web page of somebody else's."""

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from runtime.local.warehouse.errors import WarehouseError

LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))


def check_user(credentials: tuple[str, str], users: Mapping[str, str]) -> str:
    """The user's name. Raises 516 for an unknown user and for a wrong password, in the same words, as a server does."""
    name, password = credentials
    expected = users.get(name)
    if expected is None or not hmac.compare_digest(expected.encode(), password.encode()):
        message = f"{name}: Authentication failed: password is incorrect, or there is no user with such name."
        raise WarehouseError(516, "AUTHENTICATION_FAILED", message)
    return name


def check_origin(headers: Mapping[str, str], bound_host: str) -> None:
    """A page in the user's browser must not reach the engine, neither across origins nor by rebinding a name to 127.0.0.1."""
    host = urlsplit("//" + headers.get("Host", "")).hostname or bound_host
    if bound_host in LOCAL_NAMES and host not in LOCAL_NAMES:
        raise WarehouseError(497, "ACCESS_DENIED", f"This warehouse answers to its own address only, not to {host}.")
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("Host"):
        raise WarehouseError(497, "ACCESS_DENIED", f"Requests from pages of {origin} are refused.")
