"""A partition's state that is let go is gone at once: the collector never looks at what was there at a restore, so no cycle may hold it."""

from __future__ import annotations

import weakref

import msgspec
import pytest

from schemas.journeys import Kind, Merge
from streams import garbage
from streams.logic.identify import Identify
from streams.logic.journey import Journey
from streams.logic.output import Output
from tests.unit.stream_lab import MINUTE, POLICY, T0, clean_event, collected

MERGE = msgspec.json.encode(Merge(a="d:dev", b="u:ann", at_ms=T0, reason="identify"))
GIVEN: dict[type[Identify] | type[Journey], list[tuple[Kind, msgspec.Struct | msgspec.Raw]]] = {
    Identify: [(Kind.EVENT, collected("view_item", T0)), (Kind.EVENT, collected("login", T0 + MINUTE, user_id="ann"))],
    Journey: [(Kind.EVENT, clean_event("view_item", T0)), (Kind.MERGE, msgspec.Raw(MERGE)), (Kind.EVENT, clean_event("view_item", T0 + 1))],
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("logic", [Identify, Journey])
@pytest.mark.parametrize("is_amid_a_batch", [False, True])
def test_what_is_dropped_is_gone_without_the_collector(logic: type[Identify] | type[Journey], is_amid_a_batch: bool) -> None:
    stage = logic(POLICY)
    seen = weakref.ref(stage)
    garbage.leave_alone()
    out = Output(1)
    for kind, line in GIVEN[logic]:
        stage.on_record(kind, msgspec.json.encode(line), out)
        stage.on_record(kind, b"poison", out)
    if not is_amid_a_batch:
        stage.flush(out)
    assert out.counts["rejected_internal_error"] == len(GIVEN[logic])
    del stage, out
    assert seen() is None
