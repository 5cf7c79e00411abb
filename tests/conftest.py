"""Real services, started once a run and only if a test asks for them; and what tests of several kinds share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of a real Kafka. Shared by the whole run: name topics and groups of your own."""
    from runtime.local.testing import local_kafka

    with local_kafka(tmp_path_factory.mktemp("kafka")) as service:
        yield service.bootstrap


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Host and HTTP port of a real ClickHouse. Shared by the whole run: use a database of your own."""
    from runtime.local.testing import local_warehouse

    with local_warehouse(tmp_path_factory.mktemp("warehouse")) as service:
        yield service.host, service.port


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Python's cyclic garbage collector does not run by itself: what goes meanwhile goes by its reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()
