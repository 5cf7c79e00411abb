"""Settings: one table (name, type, default, unit, help); `cartwake.toml` first, then `CARTWAKE_*` variables.

A bad value names its key and ends the start: `load` raises `SettingsError`, whose text is meant for the person at the terminal.
"""

from __future__ import annotations

import difflib
import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runtime.secrets import kept, new_password, new_secret_key, new_webhook_secret

ENV_PREFIX = "CARTWAKE_"
CONFIG_FILE = "cartwake.toml"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
CONSENT_REQUIRED = ("none", "marketing")
DAY_S = 86_400
T = TypeVar("T")


class SettingsError(ValueError):
    """A setting is wrong. Print the message and end the process: trying again does not help."""


def _row(default: T, unit: str, help_text: str, least: float = 0) -> T:
    """One row of the table. `least` is the smallest number allowed; for lists and maps, the smallest length."""
    meta = {"unit": unit, "help": help_text, "least": least}
    if isinstance(default, (list, dict)):
        return cast("T", field(default_factory=cast("Callable[[], Any]", default.copy), metadata=meta))
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class Settings:
    """The table. The type of a row is its annotation; the environment spells `name` as `CARTWAKE_NAME`."""

    data_dir: str = _row(".cartwake", "path", "where everything on this machine is kept: Kafka, ClickHouse, state, logs, keys", 1)
    kafka_bootstrap: str = _row("127.0.0.1:19092", "host:port", "Kafka brokers, comma-separated", 1)
    kafka_heap_mib: int = _row(384, "MiB", "heap of the embedded Kafka", 128)
    partitions: int = _row(4, "partitions", "partitions of each event topic; the most workers a lane can use", 1)
    warehouse_host: str = _row("127.0.0.1", "host", "ClickHouse's HTTP host", 1)
    warehouse_port: int = _row(18123, "port", "ClickHouse's HTTP port", 1)
    warehouse_database: str = _row("cartwake", "name", "ClickHouse database of all tables", 1)
    warehouse_user: str = _row("default", "name", "ClickHouse user that cartwake writes and asks as", 1)
    warehouse_password: str = _row("", "text", "its password; the embedded ClickHouse then asks for it too")
    warehouse_cluster: str = _row("", "name", "ClickHouse cluster on which tables are made, replicated; empty: one server")
    warehouse_memory_mib: int = _row(2048, "MiB", "memory limit of the embedded ClickHouse", 256)
    analyst_password: str = _row(
        "", "text", "password of the read-only ClickHouse user `analyst`; empty: one is generated and kept in the data folder"
    )
    analyst_memory_mib: int = _row(1024, "MiB", "memory of one query of the analyst", 16)
    analyst_max_s: int = _row(60, "s", "longest query of the analyst", 1)
    analyst_queries: int = _row(2, "queries", "queries of the analyst at a time; on one machine, more wait", 1)
    retention_days: dict[str, int] = _row(
        {"events": 0, "rejected": 0}, "table=days", "rows older than this leave the warehouse; 0, or not named: they are kept"
    )
    topic_retention_hours: dict[str, int] = _row(
        {"events": 0}, "topic=hours", "how long Kafka keeps a topic's records; 0, or not named: as schemas/topics.toml says"
    )
    fields_allowed: list[str] = _row(
        [], "fields", "minimal mode: the only fields of events that are kept, own properties as props.<name>; empty: all"
    )
    metrics_host: str = _row("127.0.0.1", "host", "address of the /metrics, /healthz and /readyz of workers and sinks", 1)
    collector_host: str = _row("127.0.0.1", "host", "address that the collector listens on", 1)
    collector_port: int = _row(18080, "port", "port that the collector listens on; metrics ports start 100 above it", 1)
    collector_workers: int = _row(1, "processes", "collector processes behind that port", 1)
    workers: int = _row(1, "processes", "worker processes of each lane on this machine; more than `partitions` have nothing to do", 1)
    shop_port: int = _row(18081, "port", "port of the demo shop", 1)
    receiver_port: int = _row(18082, "port", "port of the demo's webhook receiver", 1)
    secret_key: str = _row("", "text", "key for access, erasure and consent; empty: one is generated and kept in the data folder")
    more_secret_keys: list[str] = _row([], "keys", "secret keys that are valid beside `secret_key`, while one takes another's place")
    erasure_salt: str = _row(
        "", "text", "keys the hashes of erased persons' ids; keep it for good; empty: one is generated and kept in the data folder"
    )
    erasure_due_days: int = _row(30, "days", "a request to be forgotten must be answered within so many days of its coming", 1)
    erasure_requests_every_s: int = _row(
        0, "s", "how often a stack carries out the requests of browsers that are nobody else; 0: never, an operator does"
    )
    webhook_secret: str = _row(
        "", "text", "signs webhooks, `whsec_` + base64 of 32 bytes; empty: one is generated and kept in the data folder"
    )
    webhook_url: str = _row("", "url", "where triggers are delivered; empty: nowhere")
    write_keys: dict[str, str] = _row(
        {"demo-web": "web", "demo-server": "server"}, "key=source", "write keys and the source each one marks", 1
    )
    keys_until: dict[str, str] = _row(
        {}, "key=time", "when a write or secret key ends, as in 2026-12-31 (its last day, UTC) or 2026-12-31T18:00Z; not named: never"
    )
    write_key_origins: dict[str, str] = _row(
        {}, "key=origins", "origins whose pages may use a write key, with spaces between them, as in https://*.shop.example; not named: all"
    )
    rate_limit_events_per_s: int = _row(0, "events/s", "most events a second of one write key, beyond its burst; 0: no limit")
    rate_limit_burst_s: int = _row(10, "s", "so many seconds' worth of the rate limit may come at once", 1)
    quota_events_per_day: int = _row(0, "events", "most events of one write key in a day (UTC); 0: no limit")
    key_rate_limits_events_per_s: dict[str, int] = _row({}, "key=events/s", "rate limits of single write keys, in place of the one for all")
    key_quotas_events_per_day: dict[str, int] = _row({}, "key=events", "quotas of single write keys, in place of the one for all")
    tls_certificate: str = _row("", "path", "certificate chain (PEM) with which the collector speaks HTTPS; empty: it speaks HTTP")
    tls_key: str = _row("", "path", "the private key (PEM, not encrypted) of that certificate")
    abandon_idle_s: int = _row(1800, "s", "idle time after which a cart is abandoned", 1)
    attribution_window_s: int = _row(5 * DAY_S, "s", "an order within this time of a trigger recovers the cart", 1)
    trigger_holdout_percent: float = _row(0.0, "percent", "share of persons whose triggers are written and never sent, to compare with")
    trigger_holdout_salt: str = _row("", "text", "another text draws another holdout")
    consent_required: str = _row(
        "none", "purpose", "marketing: a trigger needs a yes; none: silence is one, and only a refusal stops it", 1
    )
    cart_expiry_s: int = _row(30 * DAY_S, "s", "idle time after which a cart episode ends as expired", 1)
    session_idle_s: int = _row(1800, "s", "idle time that ends a session", 1)
    session_max_s: int = _row(DAY_S, "s", "longest session", 1)
    lateness_s: int = _row(7 * DAY_S, "s", "an event later than this is stored and flagged, and moves no window", 1)
    dedup_window_s: int = _row(2 * DAY_S, "s", "an event id is recognised as a duplicate for this long", 1)
    dedup_max_ids: int = _row(4_000_000, "events", "most event ids a partition remembers; beyond that the oldest go", 64)
    identity_max_devices: int = _row(100, "devices", "a user with more is flagged in `identities` and merged no more", 1)
    skew_min_s: float = _row(2.0, "s", "a client clock that is wrong by less is left as it is")
    future_max_s: float = _row(60.0, "s", "an event further in the future than this is clamped to it")
    tick_s: float = _row(1.0, "s", "how often a worker writes the time into its partitions", 0.05)
    funnel_name: str = _row("purchase", "name", "name of the live funnel", 1)
    funnel_steps: list[str] = _row(["view_item", "add_to_cart", "begin_checkout", "purchase"], "events", "its steps, in order", 1)
    funnel_window_s: int = _row(7 * DAY_S, "s", "all steps must follow the first within this time", 1)
    funnel_horizon_s: int = _row(90 * DAY_S, "s", "how far back a person's funnel events are kept", 1)
    churn_tiers_s: dict[str, int] = _row(
        {"short": 7 * DAY_S, "mid": 30 * DAY_S, "long": 90 * DAY_S}, "tier=s", "silence that starts a churn tier", 1
    )
    customer_new_s: int = _row(30 * DAY_S, "s", "a first order within this time makes a new customer, in the view `customers`", 1)
    customer_lost_s: int = _row(90 * DAY_S, "s", "a customer without an order for longer is lost", 1)
    customer_loyal_orders: int = _row(3, "orders", "a customer with so many is loyal", 1)
    loyalty_tiers: dict[str, int] = _row(
        {"silver": 3, "gold": 6, "diamond": 12}, "tier=orders", "orders within `loyalty_window_s` that make a loyalty tier", 1
    )
    loyalty_window_s: int = _row(365 * DAY_S, "s", "orders count for the loyalty tier so long", 1)
    proxies: int = _row(
        0, "proxies", "proxies of one's own in front of the collector; the visitor's address is so many from the right in X-Forwarded-For"
    )
    geo_database: str = _row("", "path", "MaxMind database (.mmdb) for country, region and city of an address; empty: none")
    referrer_list: str = _row("", "path", "referer-parser's database (JSON) beside the built-in list of referrers; empty: none")
    max_event_bytes: int = _row(32_768, "bytes", "largest event", 256)
    max_batch_bytes: int = _row(512_000, "bytes", "largest request body, unpacked", 1024)
    max_batch_events: int = _row(2500, "events", "most events in one request", 1)
    max_record_bytes: int = _row(524_288, "bytes", "largest Kafka record; it holds whole events", 1024)
    spill_max_bytes: int = _row(1 << 30, "bytes", "acknowledged events that wait on disk, a collector, while Kafka is away; 0: 503 instead")
    sink_flush_s: float = _row(0.5, "s", "longest time a row waits in the sink", 0.01)
    sink_max_rows: int = _row(50_000, "rows", "most rows in one insert", 1)
    reconcile_after_s: int = _row(600, "s", "a stack first compares live results with the events this long after its start", 0)
    reconcile_every_s: int = _row(DAY_S, "s", "and again each time that this has passed", 60)
    business_timezone: str = _row("UTC", "zone", "where the shop's days begin, as in Europe/Berlin; every view that has days uses it", 1)
    log_level: str = _row("INFO", "level", "DEBUG, INFO, WARNING or ERROR", 1)


TABLE: tuple[Field[Any], ...] = fields(Settings)
_BY_NAME = {row.name: row for row in TABLE}


def default_of(row: Field[Any]) -> Any:
    """The default of one row of `TABLE`."""
    return row.default if row.default is not MISSING else cast("Callable[[], Any]", row.default_factory)()


def load(path: Path | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Defaults, then the file (`path`, else `CARTWAKE_CONFIG`, else ./cartwake.toml if there), then the environment."""
    environ = os.environ if env is None else env
    values: dict[str, Any] = {}
    for name, raw in _read_file(path, environ).items():
        values[name] = _checked(_known(name), raw, name)
    for row in TABLE:
        key = ENV_PREFIX + row.name.upper()
        if key in environ:
            values[row.name] = _checked(row, _from_text(row, environ[key], key), key)
    return Settings(**values)


def to_env(settings: Settings) -> dict[str, str]:
    """The settings as `CARTWAKE_*` variables, for a child process. `load` reads them back unchanged."""
    return {ENV_PREFIX + row.name.upper(): _to_text(getattr(settings, row.name)) for row in TABLE}


def ensure_secrets(settings: Settings) -> Settings:
    """The same settings with the keys and passwords that nobody chose filled in, from the data folder or made now."""
    folder = Path(settings.data_dir)
    return replace(
        settings,
        secret_key=settings.secret_key or kept(folder / "secret_key", new_secret_key),
        webhook_secret=settings.webhook_secret or kept(folder / "webhook_secret", new_webhook_secret),
        erasure_salt=settings.erasure_salt or kept(folder / "erasure_salt", new_password),
        analyst_password=settings.analyst_password or kept(folder / "analyst_password", new_password),
    )


def _read_file(path: Path | None, environ: Mapping[str, str]) -> dict[str, Any]:
    named = path or (Path(environ[ENV_PREFIX + "CONFIG"]) if environ.get(ENV_PREFIX + "CONFIG") else None)
    file = named or Path(CONFIG_FILE)
    if named is None and not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}") from error


def _known(name: str) -> Field[Any]:
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    raise SettingsError(f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else ""))


def _from_text(row: Field[Any], text: str, key: str) -> Any:
    """What the environment says, in the type of the row's default."""
    default = default_of(row)
    try:
        if isinstance(default, (int, float)):
            return type(default)(text)
        if isinstance(default, list):
            return [item.strip() for item in text.split(",") if item.strip()]
        if isinstance(default, dict):
            kind = _kind_of_values(row)
            pairs = [item.split("=", 1) for item in text.split(",") if item.strip()]
            return {name.strip(): kind(value.strip()) for name, value in pairs}
    except ValueError as error:
        raise SettingsError(f"{key}: {text!r} is not {_wanted(row)}") from error
    return text


def _to_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, dict):
        return ",".join(f"{name}={item}" for name, item in value.items())
    return str(value)


def _kind_of_values(row: Field[Any]) -> type[int] | type[str]:
    """What the values of a map are: the annotation says it, since a default may be empty."""
    return int if str(row.type).endswith("int]") else str


def _wanted(row: Field[Any]) -> str:
    default = default_of(row)
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list of text"}
    if isinstance(default, dict):
        return f"a map of text to {names[_kind_of_values(row)]} (k=v,k=v)"
    return names[type(default)]


def _same_type(row: Field[Any], value: Any) -> bool:
    default = default_of(row)
    if isinstance(value, bool):
        return False
    if isinstance(default, float):
        return isinstance(value, (int, float)) and math.isfinite(value)
    if isinstance(default, list):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if isinstance(default, dict):
        return isinstance(value, dict) and all(type(item) is _kind_of_values(row) for item in value.values())
    return isinstance(value, type(default))


def _checked(row: Field[Any], value: Any, key: str) -> Any:
    """The value in the row's type and range, or SettingsError naming `key`."""
    default, unit, least = default_of(row), row.metadata["unit"], row.metadata["least"]
    if not _same_type(row, value):
        raise SettingsError(f"{key}: {value!r} is not {_wanted(row)}")
    size = value if isinstance(value, (int, float)) else len(value)
    if size < least:
        reason = "must not be empty" if not isinstance(value, (int, float)) else f"must be at least {least} {unit}"
        raise SettingsError(f"{key}: {value!r} {reason}")
    if unit == "port" and value > 65_535:
        raise SettingsError(f"{key}: {value} is not a port (1 - 65535)")
    if unit == "percent" and value > 100:
        raise SettingsError(f"{key}: {value} is not a percentage (0 - 100)")
    if unit == "purpose" and value not in CONSENT_REQUIRED:
        raise SettingsError(f"{key}: {value!r} is not one of {', '.join(CONSENT_REQUIRED)}")
    if unit == "level" and value not in LOG_LEVELS:
        raise SettingsError(f"{key}: {value!r} is not one of {', '.join(LOG_LEVELS)}")
    if unit == "zone" and not _is_zone(value):
        raise SettingsError(f"{key}: {value!r} is not a time zone like Europe/Berlin")
    return float(value) if isinstance(default, float) else value


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, such as Europe
        return False
    return True
