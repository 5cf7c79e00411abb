"""docs/collector.md names every code, limit and setting of the collector, and the README leads to it."""

import re
from pathlib import Path

from collector import limits
from runtime.settings import Settings
from schemas.reasons import RejectReason

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "collector.md").read_text()
_CODE = re.compile(r'(?:Refused\(\s*\d{3},\s*|unavailable\(|Over\()"([a-z_]+)"')
_HELPERS = {"malformed", "too_large"}  # answers.py has functions of these names


def codes() -> set[str]:
    return {code for path in (ROOT / "collector").rglob("*.py") for code in _CODE.findall(path.read_text())}


def test_every_code_of_a_refusal_has_a_row() -> None:
    table = PAGE[PAGE.index("## Errors") : PAGE.index("Single events")]
    rows = set(re.findall(r"`([a-z_]+)`", table))
    assert len(codes()) > 15
    assert codes() | _HELPERS <= rows
    assert rows - codes() - _HELPERS == {"write_keys", "write_key_origins"}  # settings that a row speaks of


def test_every_reason_of_the_collector_is_listed() -> None:
    listed = PAGE[PAGE.index("Single events") : PAGE.index("## How it is tried")]
    named = {name for path in (ROOT / "collector").rglob("*.py") for name in re.findall(r"RejectReason\.([A-Z_]+)", path.read_text())}
    assert len(named) > 5
    assert {name for name in named if f"`{RejectReason[name]}`" not in listed} == set()


def test_the_limits_are_those_of_the_code() -> None:
    rows = PAGE[: PAGE.index("## Keys")]
    settings = Settings()
    assert (settings.max_event_bytes, settings.max_batch_bytes, settings.max_batch_events) == (32_768, 512_000, 2500)
    for text in ("32 KB (`max_event_bytes`)", "500 KB (`max_batch_bytes`)", "2,500 (`max_batch_events`)"):
        assert text in rows
    assert (limits.SHARED_MAX_BYTES, limits.BODY_TIMEOUT_S) == (8192, 30)
    for number in (limits.DEPTH_MAX, limits.KEYS_MAX, limits.KEY_MAX_CHARS, limits.GZIP_MEMBERS_MAX, limits.ID_MAX_CHARS):
        assert f"{number:,}" in rows
    for number in (limits.TEXT_MAX_CHARS, limits.URL_MAX_CHARS, limits.REQUESTS_MAX, limits.CONNECTIONS_MAX):
        assert f"{number:,}" in rows


def test_every_setting_of_keys_and_limits_is_explained() -> None:
    names = "write_keys secret_key more_secret_keys keys_until write_key_origins rate_limit_events_per_s rate_limit_burst_s".split()
    names += "quota_events_per_day key_rate_limits_events_per_s key_quotas_events_per_day tls_certificate tls_key".split()
    names += "collector_workers proxies spill_max_bytes".split()
    for name in names:
        assert hasattr(Settings(), name) and (f"`{name}" in PAGE or f"[{name}]" in PAGE), name


def test_the_readme_leads_to_it() -> None:
    assert "docs/collector.md" in (ROOT / "README.md").read_text()
