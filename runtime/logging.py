"""One-line logs: time, level, process, message, then key=value pairs. `setup` once in a main; then `logging.getLogger(...)` as usual.

log.info("rows written", extra={"fields": {"table": "carts", "rows": 500}})
"""

from __future__ import annotations

import logging
import time
from typing import Any

_QUOTED = frozenset(' "=\n')


class LineFormatter(logging.Formatter):
    """2026-01-31T12:00:00.123Z INFO sink-live rows written table=carts rows=500"""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = f"{when}.{int(record.msecs):03d}Z {record.levelname} {self._process} {record.getMessage()}"
        fields: dict[str, Any] = getattr(record, "fields", {})
        line += "".join(f" {name}={_spelled(value)}" for name, value in fields.items())
        if record.exc_info:
            line += " error=" + _spelled(self.formatException(record.exc_info))
        return line


def _spelled(value: Any) -> str:
    text = str(value)
    if text and not _QUOTED.intersection(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def setup(process: str, level: str = "INFO") -> None:
    """Send every log of this process to standard error, in that form."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(process))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
