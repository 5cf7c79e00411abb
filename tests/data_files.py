"""The real data that some tests read: no part of the product, and not everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def data_file(name: str) -> Path:
    """The file, by its path in the data folder; the test is skipped where it is not there."""
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{name} is not there: set CARTWAKE_DATA to the folder of the real data")
    return file
