"""The queries of docs/analyst.md with what they print, and `python -m tests.analyst_page`, which writes the page's answers anew.

On the page each query is a block ```sql, followed by a block ```text with its answer. The demo's simulation is the same each time, so
its lane can be had without the demo: from collector and stream in memory.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from runtime.local.testing import local_warehouse
from simulator.config import SimConfig
from tests.views_lab import Lab, lab, simulated

PAGE = Path(__file__).resolve().parents[1] / "docs" / "analyst.md"
BLOCK = re.compile(r"```sql\n(.*?)\n```\n\n```text\n(.*?)\n```", re.DOTALL)
DEMO = SimConfig(seed=1, shoppers=480, days=40, slot_ms=3_600_000)  # what `make demo` plays
_FORMAT = "\nFORMAT PrettyCompactMonoBlock SETTINGS output_format_pretty_color = 0, output_format_pretty_row_numbers = 0"


def questions(page: str) -> Iterator[tuple[str, str]]:
    """(query, answer) of every pair of blocks."""
    yield from ((match[1], match[2]) for match in BLOCK.finditer(page))


def answer(lab: Lab, sql: str) -> str:
    """What a terminal shows."""
    text: bytes = lab.client.raw_query(sql.rstrip(";") + _FORMAT)
    return text.decode().rstrip("\n")


def with_answers(lab: Lab, page: str) -> str:
    return BLOCK.sub(lambda match: f"```sql\n{match[1]}\n```\n\n```text\n{answer(lab, match[1])}\n```", page)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, local_warehouse(Path(folder)) as service, lab(service.host, service.port) as made:
        simulated(DEMO).store(made, "demo")
        PAGE.write_text(with_answers(made, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
