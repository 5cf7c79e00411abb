"""A real Apache Kafka on this machine: one node, KRaft, a folder of its own. Its jars come from `make setup`."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from runtime.local.jars import classpath
from runtime.local.java import find_java
from runtime.local.ports import free_port, is_free
from runtime.local.probes import Probe, port_open
from runtime.local.spec import ProcessSpec

LOG_CONFIG = Path(__file__).with_name("log4j2.yaml")
API_TIMEOUT_MS = 3000

# Measured on two cores: C1 alone and the serial collector start in 2.2 s where the defaults take 2.7 s, and use half the processor in the
# first 240 MB of transactions (5.7 s; 13.2 s with C2, 11.7 s with G1) and no more later (3.4 s; 4.3 s; 3.9 s). CDS gained nothing.
JVM_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true")

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
num.partitions={partitions}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=2000
message.max.bytes=4194304
replica.fetch.max.bytes=4194304
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=33554432
log.cleaner.io.buffer.size=131072
log.cleaner.backoff.ms=1000
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
background.threads=2
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


class KafkaSetupError(RuntimeError):
    """Kafka's storage could not be made; the message holds what Kafka said."""


@dataclass(frozen=True)
class KafkaHome:
    """Where one embedded Kafka lives and listens."""

    folder: Path
    host: str
    port: int
    heap_mib: int = 384
    partitions: int = 4

    @property
    def bootstrap(self) -> str:
        return f"{self.host}:{self.port}"

    def spec(self, name: str = "kafka") -> ProcessSpec:
        """The process, for a supervisor."""
        return ProcessSpec(
            name=name, argv=(), prepare=lambda: prepare(self), ready=kafka_ready(self.bootstrap), host=self.host, port=self.port, needs=()
        )


def home_of(folder: Path, bootstrap: str, heap_mib: int, partitions: int) -> KafkaHome:
    """From settings; of several bootstrap servers the first is ours."""
    host, _, port = bootstrap.split(",")[0].strip().rpartition(":")
    return KafkaHome(folder.absolute(), host or "127.0.0.1", int(port), heap_mib, partitions)


def prepare(home: KafkaHome) -> list[str]:
    """Write the configuration, format the storage if it is new, and return the command that runs the broker."""
    home.folder.mkdir(parents=True, exist_ok=True)
    properties = home.folder / "server.properties"
    properties.write_text(
        PROPERTIES.format(
            folder=home.folder, host=home.host, port=home.port, partitions=home.partitions, controller_port=_controller_port(home.folder)
        ),
        encoding="utf-8",
    )
    if not (home.folder / "data" / "meta.properties").exists():
        _format(properties)
    return [*_java(f"-Xmx{home.heap_mib}m", f"-Xms{min(home.heap_mib, 128)}m"), "kafka.Kafka", str(properties)]


def _java(*flags: str) -> list[str]:
    return [str(find_java()), *flags, *JVM_FLAGS, f"-Dlog4j2.configurationFile={LOG_CONFIG}", "-cp", classpath()]


def _controller_port(folder: Path) -> int:
    """The controller's port, kept in the folder; another one if somebody has taken it since."""
    file = folder / "controller_port"
    kept = int(file.read_text(encoding="utf-8")) if file.exists() else 0
    if kept and is_free("127.0.0.1", kept):
        return kept
    port = free_port()
    file.write_text(f"{port}\n", encoding="utf-8")
    return port


def _format(properties: Path) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [*_java("-Xmx128m"), "kafka.tools.StorageTool", "format", "-t", cluster_id.replace("-", "_"), "-c", str(properties)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise KafkaSetupError(f"Kafka's storage tool failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")


def kafka_ready(bootstrap: str) -> Probe:
    """Ready when the cluster names a broker that is not fenced; the port alone opens earlier."""
    host, _, port = bootstrap.split(",")[0].rpartition(":")

    async def probe() -> bool:
        return await port_open(host, int(port)) and await asyncio.to_thread(_answers, bootstrap)

    return probe


def _answers(bootstrap: str) -> bool:
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=API_TIMEOUT_MS, bootstrap_timeout_ms=API_TIMEOUT_MS)
    except (KafkaError, OSError):
        return False
    try:
        brokers = admin.describe_cluster().get("brokers") or []
        return any(not broker.get("is_fenced") for broker in brokers)
    except (KafkaError, OSError):
        return False
    finally:
        admin.close()
