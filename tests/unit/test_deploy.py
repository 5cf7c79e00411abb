"""docker-compose.yml and deploy/: every command, setting, port, path and metric named there exists. No container is started."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.metrics import METRICS
from runtime.local.kafka import PROPERTIES
from runtime.local.stack import base_specs, lane_specs, reconcile_spec, requests_spec, topics_spec
from runtime.settings import ENV_PREFIX, TABLE, Settings, SettingsError, load

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == COMPOSE["x-cartwake"]["image"]}
CHOSEN = {
    "CARTWAKE_WRITE_KEYS": "2f1c9a=web",
    "CARTWAKE_SECRET_KEY": "secret",
    "CARTWAKE_ERASURE_SALT": "salt",
    "CARTWAKE_WAREHOUSE_PASSWORD": "password",
    "CARTWAKE_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "GRAFANA_PASSWORD": "password",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def _filled(text: str) -> str:
    """The text as compose fills in its variables. Raises KeyError for one that must be chosen and is not in CHOSEN."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        return CHOSEN[name] if kind == "?" else CHOSEN.get(name, rest or "")

    return VARIABLE.sub(value, text)


def _environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: _filled(value) for name, value in service.get("environment", {}).items()}


def _arguments(argv: list[str]) -> list[str]:
    """A command without its interpreter and its port."""
    port = argv.index("--metrics-port") if "--metrics-port" in argv else len(argv)
    return [*argv[1:port], *argv[port + 2 :]]


def _port(service: str) -> int:
    """Where a service of ours answers `/readyz`."""
    command = SERVICES[service]["command"]
    if "--metrics-port" in command:
        return int(command[command.index("--metrics-port") + 1])
    return int(_environment(SERVICES[service])["CARTWAKE_COLLECTOR_PORT"])


def _unknown_settings(environment: dict[str, str]) -> list[str]:
    known = {ENV_PREFIX + row.name.upper() for row in TABLE}
    return [name for name in environment if name not in known]


def test_the_commands_are_those_of_cartwake_up() -> None:
    settings = Settings(erasure_requests_every_s=86_400)
    specs = {
        spec.name.removesuffix("-live"): spec
        for spec in (*base_specs(settings), *lane_specs(settings), reconcile_spec(settings), topics_spec("live"), *requests_spec(settings))
    }
    assert set(OURS) == set(specs) - {"kafka", "warehouse"}
    for name, service in OURS.items():
        assert _arguments(service["command"]) == _arguments(list(specs[name].argv)), name


@pytest.mark.parametrize("name", OURS)
def test_every_setting_exists_and_its_value_is_accepted(name: str) -> None:
    environment = _environment(OURS[name])
    assert _unknown_settings(environment) == []
    load(None, environment)


def test_what_must_be_chosen_has_no_default() -> None:
    required = {match[1] for match in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text()) if match[2] == "?"}
    assert required == set(CHOSEN)
    assert all(name in (ROOT / "docs/deploy.md").read_text() for name in required)


def test_the_processes_find_kafka_and_clickhouse_where_they_listen() -> None:
    settings = load(None, _environment(OURS["worker"]))
    assert SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{settings.kafka_bootstrap}"
    assert settings.kafka_bootstrap in SERVICES["kafka"]["healthcheck"]["test"]
    assert settings.warehouse_host in SERVICES
    clickhouse = _environment(SERVICES["clickhouse"])
    assert (clickhouse["CLICKHOUSE_USER"], clickhouse["CLICKHOUSE_PASSWORD"]) == (settings.warehouse_user, settings.warehouse_password)
    assert f"http://127.0.0.1:{settings.warehouse_port}/ping" in SERVICES["clickhouse"]["healthcheck"]["test"]
    assert SERVICES["collector"]["ports"] == [f"{settings.collector_port}:{settings.collector_port}"]


def test_the_broker_s_properties_are_those_of_the_embedded_kafka() -> None:
    embedded = dict(line.split("=", 1) for line in PROPERTIES.splitlines())
    given = {name: value for name, value in SERVICES["kafka"]["environment"].items() if name.startswith("KAFKA_")}
    properties = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in given.items()}
    assert set(properties) <= set(embedded)
    differ = {name for name, value in properties.items() if value != embedded[name]}
    assert differ == {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}


def test_kafka_s_version_is_the_embedded_one() -> None:
    version = re.search(r"org\.apache\.kafka:kafka-clients:(\S+)", (ROOT / "runtime/local/jars.sha256").read_text())
    assert version and SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_whatever_a_service_waits_for_is_there_and_can_be_waited_for() -> None:
    for name, service in SERVICES.items():
        needs = service.get("depends_on", [])
        assert set(needs) <= set(SERVICES), name
        for need, how in needs.items() if isinstance(needs, dict) else []:
            assert how["condition"] == ("service_healthy" if "healthcheck" in SERVICES[need] else "service_completed_successfully")


def test_health_is_asked_at_the_port_of_the_process() -> None:
    for name, service in OURS.items():
        if "healthcheck" in service:
            assert f"http://127.0.0.1:{_port(name)}/readyz" in service["healthcheck"]["test"][-1], name


def test_every_mounted_path_and_volume_exists() -> None:
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], mount
    build = COMPOSE["x-cartwake"]["build"]
    assert (ROOT / build["dockerfile"]).is_file()


def test_prometheus_asks_every_process_that_has_metrics() -> None:
    jobs = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())["scrape_configs"]
    targets = {(target["names"][0], target["port"]) for job in jobs for target in job["dns_sd_configs"]}
    assert targets == {(name, _port(name)) for name in OURS if name not in ("topics", "migrate", "erasure-requests")}


def test_the_image_holds_every_package() -> None:
    include = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {name.removesuffix("*") for name in include}
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    let_in = re.findall(r"^!(\w+)$", (ROOT / "deploy/Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert set(copied) == packages == set(let_in)


def _metrics() -> set[str]:
    """Every metric that the code makes, under the names that Prometheus sees."""
    suffixes = {"Counter": ["_total"], "Gauge": [""], "Histogram": ["_bucket", "_sum", "_count"]}
    collector = {metric.name + suffix for metric in METRICS for suffix in (suffixes["Histogram"] if metric.kind == "histogram" else [""])}
    files = [path for part in ("collector", "reconcile", "runtime", "sinks", "streams") for path in (ROOT / part).rglob("metrics.py")]
    made = [found for path in files for found in re.findall(r'\b(Counter|Gauge|Histogram)\(\s*"(\w+)"', path.read_text(encoding="utf-8"))]
    return collector | {name + suffix for kind, name in made for suffix in suffixes[kind]}


def test_every_metric_of_the_dashboard_exists() -> None:
    dashboard = yaml.safe_load((ROOT / "deploy/grafana/dashboards/cartwake.json").read_text())
    expressions = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    named = set(re.findall(r"\bcartwake_\w+", expressions))
    assert named and named - _metrics() == set()


def test_every_metric_and_code_of_the_alerts_exists_and_prometheus_finds_the_file() -> None:
    (name,) = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())["rule_files"]
    assert f"./deploy/{name}:/etc/prometheus/{name}:ro" in SERVICES["prometheus"]["volumes"]
    rules = [rule for group in yaml.safe_load((ROOT / "deploy" / name).read_text())["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    expressions = " ".join(rule["expr"] for rule in rules)
    assert set(re.findall(r"\bcartwake_\w+", expressions)) - _metrics() == set()
    codes = {code for found in re.findall(r'code=~"([^"]+)"', expressions) for code in found.split("|")}
    said = " ".join(path.read_text() for path in (ROOT / "collector").glob("*.py"))
    assert codes and {code for code in codes if f'unavailable("{code}"' not in said} == set()
    labels = {label for rule in rules for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])}
    assert labels <= {"job", "instance", "agent", "code", "table", "subject"}


def test_the_dashboard_s_source_is_provisioned() -> None:
    grafana = ROOT / "deploy/grafana"
    source = yaml.safe_load((grafana / "provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    dashboard = yaml.safe_load((grafana / "dashboards/cartwake.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}
    folder = yaml.safe_load((grafana / "provisioning/dashboards/cartwake.yml").read_text())["providers"][0]["options"]["path"]
    assert f"./deploy/grafana/dashboards:{folder}:ro" in SERVICES["grafana"]["volumes"]
    assert source["url"] == "http://prometheus:9090"


def test_a_misspelt_setting_is_found() -> None:
    assert _unknown_settings({"CARTWAKE_COLLECTOR_PROT": "1", "CARTWAKE_PARTITIONS": "4"}) == ["CARTWAKE_COLLECTOR_PROT"]


def test_a_wrong_value_is_found() -> None:
    with pytest.raises(SettingsError, match="CARTWAKE_PARTITIONS"):
        load(None, {"CARTWAKE_PARTITIONS": "four"})


def test_a_variable_that_must_be_chosen_is_not_filled_with_nothing() -> None:
    with pytest.raises(KeyError, match="CARTWAKE_NEW"):
        _filled("${CARTWAKE_NEW:?say something}")
