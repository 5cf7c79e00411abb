"""Makes `cartwake` and the fake collector importable from wherever pytest was started."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from fake_collector import FakeCollector  # noqa: E402

from cartwake import Client  # noqa: E402

MakeClient = Callable[..., Client]


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    fake = FakeCollector()
    yield fake
    fake.close()


@pytest.fixture
def make_client(collector: FakeCollector) -> Iterator[MakeClient]:
    """Clients of the fake collector that wait as little as possible; closed at the end."""
    made: list[Client] = []

    def make(**options: Any) -> Client:
        made.append(Client("k", collector.url, **{"flush_interval_s": 0.02, "retry_base_s": 0.02, **options}))
        return made[-1]

    yield make
    for client in made:
        client.close(0.1)
