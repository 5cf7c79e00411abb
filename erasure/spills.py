"""Events that wait on this machine's disk for Kafka. What a collector drains it leaves out if it names someone who was erased."""

from __future__ import annotations

from pathlib import Path

from erasure.lines import Lines
from runtime.settings import Settings


def waiting(settings: Settings, lines: Lines) -> int:
    """Rows of the person in all spill files."""
    found = 0
    for file in sorted((Path(settings.data_dir) / "spill").glob("*.spill")):
        try:
            rows = file.read_bytes().split(b"\n")
        except FileNotFoundError:  # drained meanwhile
            continue
        found += sum(lines.hits(row[row.find(b"{") :]) for row in rows if b"{" in row)
    return found
