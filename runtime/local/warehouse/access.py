"""Who may ask: users with their passwords, on this machine, and no web page of somebody else's."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from runtime.analyst import NAME, Limits, limits_of
from runtime.local.warehouse.errors import WarehouseError
from runtime.settings import Settings

LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class User:
    """`limits`: who has them only reads; None may do everything."""

    name: str
    password: str = field(repr=False)
    limits: Limits | None = None


def users_of(settings: Settings) -> dict[str, User]:
    """By name: cartwake's own, and the analyst, if there is a password for one."""
    users = [User(settings.warehouse_user, settings.warehouse_password)]
    if settings.analyst_password:
        users.append(User(NAME, settings.analyst_password, limits_of(settings)))
    return {user.name: user for user in users}


def check_user(credentials: tuple[str, str], users: Mapping[str, User]) -> User:
    """Who asks. Raises 516 for an unknown user and for a wrong password, in the same words, as a server does."""
    name, password = credentials
    found = users.get(name)
    if found is None or not hmac.compare_digest(found.password.encode(), password.encode()):
        message = f"{name}: Authentication failed: password is incorrect, or there is no user with such name."
        raise WarehouseError(516, "AUTHENTICATION_FAILED", message)
    return found


def check_origin(headers: Mapping[str, str], bound_host: str) -> None:
    """A page in the user's browser must not reach the engine, neither across origins nor by rebinding a name to 127.0.0.1."""
    host = urlsplit("//" + headers.get("Host", "")).hostname or bound_host
    if bound_host in LOCAL_NAMES and host not in LOCAL_NAMES:
        raise WarehouseError(497, "ACCESS_DENIED", f"This warehouse answers to its own address only, not to {host}.")
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("Host"):
        raise WarehouseError(497, "ACCESS_DENIED", f"Requests from pages of {origin} are refused.")
