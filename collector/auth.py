"""Who may send: write keys (public, each marks a source) and secret keys (lanes, clocks, persons' data), none in the other's place."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from collector.answers import Refused
from runtime.settings import Settings, SettingsError

_SECRET_NEEDED = "This needs a secret key: Authorization: Bearer <secret key>."
_MISSING = "No write key: HTTP Basic user, X-Write-Key, or the place of the protocol (docs/clients.md)."
_DATE_CHARS = len("2026-12-31")


class Keys(NamedTuple):
    """The keys of this installation.

    `write_keys` says which source each one marks, `until_ms` when a key of either kind ends (not named: never), `origins` whose pages
    may use a write key (not named: everybody's).
    """

    write_keys: Mapping[str, str]
    secret_keys: tuple[str, ...] = ()
    until_ms: Mapping[str, int] = {}
    origins: Mapping[str, tuple[str, ...]] = {}

    def write_key(self, headers: Mapping[str, str], now_ms: int, *elsewhere: Any) -> str:
        """The request's write key: from the headers, else from where its dialect has it (some clients mask the one in the body)."""
        in_headers = [_basic_user(headers), headers.get("x-write-key", ""), _bearer(headers)]
        given = [*in_headers, *(key for key in elsewhere if isinstance(key, str))]
        known = [key for key in given if key in self.write_keys]
        for key in known:
            if now_ms < self.until_ms.get(key, now_ms + 1):
                return self._of_origin(key, headers.get("origin", ""))
        if known:
            raise Refused(401, "expired_write_key", "The write key is valid no longer: use the one that took its place.")
        if any(key and not self._is_secret(key, now_ms) for key in given):
            raise Refused(401, "unknown_write_key", "The write key is not known here.")
        raise Refused(401, "missing_write_key", _MISSING)

    def need_secret(self, headers: Mapping[str, str], now_ms: int) -> None:
        """Refuse a request that does not carry a secret key that is valid now."""
        if not self._is_secret(_bearer(headers), now_ms):
            raise Refused(401, "secret_key_needed", _SECRET_NEEDED)

    def _of_origin(self, key: str, origin: str) -> str:
        """Only browsers send an origin: this keeps other sites' pages out, not somebody who writes his own requests."""
        allowed = self.origins.get(key)
        if allowed and origin and not any(_matches(origin.lower(), each) for each in allowed):
            raise Refused(403, "origin_not_allowed", f"Pages of {origin[:128]} may not use this write key.")
        return key

    def _is_secret(self, key: str, now_ms: int) -> bool:
        """Compared with each of them in full, whatever the outcome, so that the time it takes says nothing."""
        given = key.encode(errors="surrogatepass")
        same = [hmac.compare_digest(given, each.encode()) for each in self.secret_keys if each]
        return any(same) and now_ms < self.until_ms.get(key, now_ms + 1)


def keys_of(settings: Settings) -> Keys:
    """Raises SettingsError, naming the setting, where they contradict one another."""
    secrets = tuple(key for key in (settings.secret_key, *settings.more_secret_keys) if key)
    if both := set(secrets) & set(settings.write_keys):
        # Not the key itself: it is a secret, and this ends in a log.
        raise SettingsError(f"write_keys: {len(both)} of them are secret keys too; a key is either public or secret")
    for name in ("write_key_origins", "key_rate_limits_events_per_s", "key_quotas_events_per_day"):
        if unknown := sorted(set(getattr(settings, name)) - set(settings.write_keys)):
            raise SettingsError(f"{name}: {unknown[0]!r} is none of write_keys")
    if set(settings.keys_until) - set(settings.write_keys) - set(secrets):
        raise SettingsError("keys_until: names a key that is none of write_keys, secret_key or more_secret_keys")
    return Keys(
        write_keys=settings.write_keys,
        secret_keys=secrets,
        until_ms={key: _end_ms(text) for key, text in settings.keys_until.items()},
        origins={key: tuple(text.lower().split()) for key, text in settings.write_key_origins.items()},
    )


def _end_ms(text: str) -> int:
    """A date is its key's last day, in UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"keys_until: {text!r} is no date or time such as 2026-12-31") from error
    whole = timedelta(days=1) if len(text) <= _DATE_CHARS else timedelta()
    return round(((at if at.tzinfo else at.replace(tzinfo=UTC)) + whole).timestamp() * 1000)


def _matches(origin: str, allowed: str) -> bool:
    """`https://*.shop.example` is every host below it, and not the domain itself."""
    scheme, star, domain = allowed.partition("://*.")
    if not star:
        return origin == allowed.rstrip("/")
    return origin.startswith(f"{scheme}://") and origin.endswith("." + domain)


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _basic_user(headers: Mapping[str, str]) -> str:
    scheme, _, packed = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
