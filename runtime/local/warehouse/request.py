"""One request of ClickHouse's HTTP protocol as a value: pure, from the URL's pairs, the headers and the body."""

import base64
import binascii
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runtime.local.warehouse.errors import WarehouseError

RESERVED = frozenset(
    "query database user password quota_key role session_id session_timeout session_check query_id default_format compress decompress "
    "enable_http_compression http_zlib_compression_level wait_end_of_query buffer_size send_progress_in_http_headers "
    "http_headers_progress_interval_ms add_http_cors_header client_protocol_version readonly stacktrace close_session".split()
)
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_EXTERNAL = ("structure", "types", "format")
MAX_SESSION_TIMEOUT_S = 3600


@dataclass(frozen=True, slots=True)
class External:
    """A table sent along with a query."""

    name: str
    structure: str
    format: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    timeout_s: int
    must_exist: bool
    close_after: bool


@dataclass(frozen=True, slots=True)
class Request:
    query: bytes
    body: bytes
    query_id: str
    database: str | None
    default_format: str | None
    settings: dict[str, str]
    parameters: dict[str, str]
    external: tuple[External, ...]
    session: Session | None
    read_only: bool
    wait_end_of_query: bool
    native_compression: bool
    accept_encoding: str
    credentials: tuple[str, str] = field(repr=False)


def parse(method: str, pairs: Iterable[tuple[str, str]], headers: Mapping[str, str], body: bytes, files: Mapping[str, bytes]) -> Request:
    """`files` are the parts of a multipart body, `body` is unpacked. Raises WarehouseError where a server would refuse the request."""
    values = dict(pairs)
    external = tuple(_external(name, values, content) for name, content in files.items())
    readonly = values.get("readonly", "0")
    return Request(
        query=values.get("query", "").encode("utf-8", "surrogateescape"),
        body=body,
        query_id=values.get("query_id") or headers.get("X-ClickHouse-Query-Id") or str(uuid.uuid4()),
        database=headers.get("X-ClickHouse-Database") or values.get("database") or None,
        default_format=headers.get("X-ClickHouse-Format") or values.get("default_format") or None,
        settings=_settings(values),
        parameters={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        external=external,
        session=_session(values),
        read_only=method in ("GET", "HEAD") or readonly in ("1", "2"),
        wait_end_of_query=_flag(values, "wait_end_of_query"),
        native_compression=_flag(values, "compress"),
        accept_encoding=headers.get("Accept-Encoding", "") if _flag(values, "enable_http_compression") else "",
        credentials=credentials(values, headers),
    )


def _flag(values: Mapping[str, str], name: str) -> bool:
    return values.get(name, "0").lower() in ("1", "true")


def _settings(values: Mapping[str, str]) -> dict[str, str]:
    settings = {name: value for name, value in values.items() if name not in RESERVED and not name.startswith("param_")}
    for name in settings:
        if not _SETTING.match(name):
            raise WarehouseError(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'.")
    return settings


def _external(name: str, values: dict[str, str], content: bytes) -> External:
    structure, types, form = (values.pop(f"{name}_{suffix}", "") for suffix in _EXTERNAL)
    if not structure:
        structure = ", ".join(f"_{number} {kind.strip()}" for number, kind in enumerate(_split_types(types), 1))
    if not structure:
        raise WarehouseError(36, "BAD_ARGUMENTS", f"Neither structure nor types have been provided for external table {name}.")
    return External(name, structure, form or "TabSeparated", content)


def _split_types(types: str) -> list[str]:
    found, depth, start = [], 0, 0
    for at, char in enumerate(types):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            found.append(types[start:at])
            start = at + 1
    return [part for part in (*found, types[start:]) if part.strip()]


def _session(values: Mapping[str, str]) -> Session | None:
    if not values.get("session_id"):
        return None
    text = values.get("session_timeout", "60")
    if not text.isdigit() or int(text) > MAX_SESSION_TIMEOUT_S:
        raise WarehouseError(374, "INVALID_SESSION_TIMEOUT", f"Invalid session timeout: '{text}', maximum {MAX_SESSION_TIMEOUT_S}.")
    return Session(values["session_id"], int(text), _flag(values, "session_check"), _flag(values, "close_session"))


def credentials(values: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    """User and password; a Basic header wins over ClickHouse's own headers, and these over the URL."""
    basic = headers.get("Authorization", "")
    if basic.startswith("Basic "):
        try:
            user, _, password = base64.b64decode(basic[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise WarehouseError(516, "AUTHENTICATION_FAILED", "Invalid authentication: not a Basic header.") from None
        return user or "default", password
    user = headers.get("X-ClickHouse-User") or values.get("user") or "default"
    return user, headers.get("X-ClickHouse-Key") or values.get("password") or ""
