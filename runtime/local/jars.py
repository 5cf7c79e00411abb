"""The jars of the embedded Kafka: named and hashed in `jars.sha256`, fetched once by jgo, verified before use.

`python -m runtime.local.jars fetch` is a step of `make setup`; `... lock` writes `jars.sha256` anew after a change of KAFKA_VERSION.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

KAFKA_VERSION = "4.1.2"
KAFKA = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
LOG_BINDING = ("org.apache.logging.log4j", "log4j-slf4j-impl")  # joins Kafka's slf4j to its log4j-core, which is among its dependencies
LOCK_FILE = Path(__file__).with_name("jars.sha256")
REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
FETCH_THREADS = 8
FETCH_TIMEOUT_S = 60


class JarError(RuntimeError):
    """A jar is missing or is not the one that was locked. The message says which and what to do."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    sha256: str
    coordinate: str

    @property
    def file_name(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def jar_folder() -> Path:
    """Where the jars are kept: `CARTWAKE_JARS`, else beside the source, since they belong to the code and not to any data."""
    return Path(os.environ.get("CARTWAKE_JARS") or REPOSITORY_ROOT / ".cartwake-jars")


def read_lock(file: Path = LOCK_FILE) -> list[Jar]:
    """The locked jars: lines of `<sha256>  <group>:<artifact>:<version>`."""
    return [Jar(*line.split()) for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def classpath(folder: Path | None = None) -> str:
    """Java's class path. Raises JarError naming the first jar that is missing (their hashes were checked when they were fetched)."""
    home = folder or jar_folder()
    paths = [home / jar.file_name for jar in read_lock()]
    for path in paths:
        if not path.exists():
            raise JarError(f"Kafka's {path.name} is missing from {home}; run `make setup`")
    return os.pathsep.join(str(path) for path in paths)


def verify(jar: Jar, path: Path) -> None:
    """Compare one file with the lock; a wrong one is removed, so that the next `make setup` fetches it again."""
    found = _sha256(path)
    if found != jar.sha256:
        path.unlink()
        raise JarError(f"{path.name} is not the locked jar: SHA-256 {found}, wanted {jar.sha256}; removed it, run `make setup` again")


def fetch(folder: Path | None = None, lock_file: Path = LOCK_FILE) -> Iterator[str]:
    """Fetch what is missing and verify every jar; yields one line of progress for each jar fetched."""
    home = folder or jar_folder()
    home.mkdir(parents=True, exist_ok=True)
    jars = read_lock(lock_file)
    present = [jar for jar in jars if (home / jar.file_name).exists()]
    for jar in present:
        verify(jar, home / jar.file_name)
    missing = [jar for jar in jars if jar not in present]
    with ThreadPoolExecutor(FETCH_THREADS) as pool:
        for number, name in enumerate(pool.map(lambda jar: _fetch_one(jar, home), missing), 1):
            yield f"[{number}/{len(missing)}] {name}"
    shutil.rmtree(home / "incoming", ignore_errors=True)


def _fetch_one(jar: Jar, home: Path) -> str:
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(resolver=PythonResolver(), repo_cache=home / "incoming", local_repos=[], timeout=FETCH_TIMEOUT_S)
    group, artifact, version = jar.coordinate.split(":")
    try:
        downloaded: Path = context.project(group, artifact).at_version(version).artifact().resolve()
    except Exception as error:
        raise JarError(f"could not fetch {jar.coordinate}: {error}; the first `make setup` needs the network") from error
    verify(jar, downloaded)
    downloaded.replace(home / jar.file_name)
    return jar.file_name


def lock() -> list[Jar]:
    """Resolve KAFKA with all it needs at run time, add the log binding at log4j-core's version, and hash each jar.

    One root at a time: given two, jgo takes each as a bill of materials, and log4j's names a kafka-clients of its own.
    """
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(resolver=PythonResolver(), repo_cache=jar_folder() / "incoming", local_repos=[], timeout=FETCH_TIMEOUT_S)
    inputs, transitive = context.resolver.resolve([context.create_dependency(KAFKA)])
    artifacts = [dependency.artifact for dependency in [*inputs, *transitive]]
    log4j = next(artifact.version for artifact in artifacts if artifact.artifactId == "log4j-core")
    artifacts.append(context.project(*LOG_BINDING).at_version(log4j).artifact())
    jars = [Jar(_sha256(item.resolve()), f"{item.groupId}:{item.artifactId}:{item.version}") for item in artifacts]
    return sorted(jars, key=lambda jar: jar.coordinate)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m runtime.local.jars", description=__doc__)
    parser.add_argument("action", choices=["fetch", "lock"])
    try:
        if parser.parse_args().action == "fetch":
            for line in fetch():
                print(f"  {line}", flush=True)
        else:
            lines = [f"{jar.sha256}  {jar.coordinate}" for jar in lock()]
            LOCK_FILE.write_text(
                "# Kafka's jars; written by `python -m runtime.local.jars lock`\n" + "\n".join(lines) + "\n", encoding="utf-8"
            )
    except JarError as error:
        print(f"cartwake: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
