"""One table: file, then environment; a bad value names its key."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

import pytest

from runtime.settings import TABLE, Settings, SettingsError, default_of, ensure_secrets, load, to_env

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, text: str) -> Path:
    file = folder / "cartwake.toml"
    file.write_text(text)
    return file


def test_defaults_need_no_file() -> None:
    assert load(env={}, path=None) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'abandon_idle_s = 60\nfunnel_name = "file"\n[write_keys]\nk = "shop"\n')
    settings = load(file, {"CARTWAKE_ABANDON_IDLE_S": "5", "CARTWAKE_FUNNEL_STEPS": "a, b"})
    assert (settings.abandon_idle_s, settings.funnel_name, settings.write_keys) == (5, "file", {"k": "shop"})
    assert settings.funnel_steps == ["a", "b"]


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    assert load(env={"CARTWAKE_CONFIG": str(write(tmp_path, "tick_s = 3"))}).tick_s == 3.0


def test_what_a_child_process_is_given_reads_back_the_same() -> None:
    settings = load(env={"CARTWAKE_WRITE_KEYS": "a=web,b=app", "CARTWAKE_TICK_S": "0.25", "CARTWAKE_CHURN_TIERS_S": "short=1,mid=2,long=3"})
    assert load(env=to_env(settings)) == settings


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("CARTWAKE_PARTITIONS", "four"),
        ("CARTWAKE_PARTITIONS", "0"),
        ("CARTWAKE_PARTITIONS", ""),
        ("CARTWAKE_TICK_S", "nan"),
        ("CARTWAKE_COLLECTOR_PORT", "65536"),
        ("CARTWAKE_LOG_LEVEL", "LOUD"),
        ("CARTWAKE_TRIGGER_HOLDOUT_PERCENT", "100.1"),
        ("CARTWAKE_TRIGGER_HOLDOUT_PERCENT", "-1"),
        ("CARTWAKE_BUSINESS_TIMEZONE", "Europe/Atlantis"),
        ("CARTWAKE_WRITE_KEYS", "key-without-source"),
        ("CARTWAKE_CHURN_TIERS_S", "short=soon"),
        ("CARTWAKE_FUNNEL_STEPS", ""),
        ("CARTWAKE_ABANDON_IDLE_S", "-1"),
    ],
)
def test_a_bad_variable_is_named(key: str, text: str) -> None:
    with pytest.raises(SettingsError, match=key):
        load(env={key: text})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('partitions = "4"', "partitions"),
        ("partitions = true", "partitions"),
        ("partitions = 1.5", "partitions"),
        ("funnel_steps = [1]", "funnel_steps"),
        ('write_keys = "demo"', "write_keys"),
        ("partition = 4", "did you mean partitions"),
        ("tick_s = ", "not valid TOML"),
    ],
)
def test_a_bad_line_in_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(write(tmp_path, text), {})


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        load(tmp_path / "none.toml", {})


def test_every_row_has_a_unit_a_help_and_a_default_in_range() -> None:
    for row in TABLE:
        assert row.metadata["unit"] and row.metadata["help"], row.name
    assert load(env=to_env(Settings())) == Settings()


def test_numbers_say_their_unit_in_their_name() -> None:
    suffix = {"s": "_s", "MiB": "_mib", "bytes": "_bytes", "port": "_port", "tier=s": "_s", "percent": "_percent"}
    for row in TABLE:
        if row.metadata["unit"] in suffix:
            assert row.name.endswith(suffix[row.metadata["unit"]]), row.name


def test_the_example_file_shows_the_defaults() -> None:
    """Uncommented, cartwake.toml changes nothing but the webhook's example address."""
    lines = (ROOT / "cartwake.toml").read_text().splitlines()
    live = [
        line.removeprefix("# ") for line in lines if line.startswith("# ") and (" = " in line or line.startswith("# [")) and "`" not in line
    ]
    defaults = {row.name: default_of(row) for row in TABLE}
    for name, value in tomllib.loads("\n".join(live)).items():
        assert name in defaults
        assert name == "webhook_url" or value == defaults[name], name


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    settings = load(env={"CARTWAKE_DATA_DIR": str(tmp_path / "data")})
    first, second = ensure_secrets(settings), ensure_secrets(settings)
    assert first == second and first.secret_key
    kind, _, secret = first.webhook_secret.partition("_")
    assert kind == "whsec" and len(base64.b64decode(secret)) == 32
    names = ("secret_key", "webhook_secret", "analyst_password", "erasure_salt")
    assert all((tmp_path / "data" / name).stat().st_mode & 0o077 == 0 for name in names)


def test_secrets_that_were_chosen_are_left_alone(tmp_path: Path) -> None:
    names = ("SECRET_KEY", "WEBHOOK_SECRET", "ANALYST_PASSWORD", "ERASURE_SALT")
    chosen = load(env={"CARTWAKE_DATA_DIR": str(tmp_path), **{f"CARTWAKE_{name}": "whsec_x" for name in names}})
    assert ensure_secrets(chosen) == chosen and not list(tmp_path.iterdir())
