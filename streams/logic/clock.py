"""How far time has come in the `journeys` partitions of a lane: as far as the slowest, and never ahead of an event on its way.

Partition 0 asks the others. Each `events` partition tells it how far it has come (`told`); when all have, everything received before stands
in the `journeys` partitions, and 0 says so to them (`fed`). Each answers when it has read that far, behind what it forwarded (`passed`);
when all have, 0 gives out the time (`clock`). A tick costs four lines a partition (docs/decisions/event-time.md).
"""

from collections.abc import Iterator

import msgspec

from schemas.journeys import Says, Tick


class ClockState(msgspec.Struct, array_like=True):
    """What a partition has heard and said; `told` and `passed` by partition, in partition 0 only. Epoch ms."""

    now_ms: int = 0
    fed_ms: int = 0
    said_now_ms: int = 0
    said_fed_ms: int = 0
    told: dict[int, int] = {}
    passed: dict[int, int] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ClockState).decode


class Clock:
    """`hear` ticks, then ask what to `say`, behind everything else that the batch has emitted."""

    def __init__(self, partition: int, partitions: int) -> None:
        self.partition = partition
        self._partitions = partitions
        self._state = ClockState()

    @property
    def now_ms(self) -> int:
        """Everything received before has been seen by all partitions."""
        return self._state.now_ms

    def load(self, value: bytes) -> None:
        self._state = _decode(value)

    def dump(self) -> bytes:
        return _encode(self._state)

    def hear(self, tick: Tick) -> None:
        state = self._state
        if tick.says is Says.TOLD:
            state.fed_ms = self._slowest(state.told, tick, state.fed_ms)
        elif tick.says is Says.FED:
            state.fed_ms = max(state.fed_ms, tick.now_ms)
        elif tick.says is Says.PASSED:
            state.now_ms = self._slowest(state.passed, tick, state.now_ms)
        else:
            state.now_ms = max(state.now_ms, tick.now_ms)

    def say(self) -> Iterator[tuple[int, Tick]]:
        """What the partitions have to hear now: (partition, tick)."""
        state = self._state
        if state.fed_ms > state.said_fed_ms:
            state.said_fed_ms = state.fed_ms
            if self.partition == 0:
                yield from self._to_all_others(state.fed_ms, Says.FED)
            yield 0, Tick(now_ms=state.fed_ms, source=self.partition, says=Says.PASSED)  # 0 to itself, too: it may have forwarded to itself
        if self.partition == 0 and state.now_ms > state.said_now_ms:
            state.said_now_ms = state.now_ms
            yield from self._to_all_others(state.now_ms, Says.CLOCK)

    def _slowest(self, heard: dict[int, int], tick: Tick, before_ms: int) -> int:
        """The time that all have reached, with this tick; searched for only if it may have been the slowest's."""
        known_ms = heard.get(tick.source, 0)
        if tick.now_ms <= known_ms or not 0 <= tick.source < self._partitions:
            return before_ms
        heard[tick.source] = tick.now_ms
        if known_ms > before_ms or len(heard) < self._partitions:
            return before_ms
        return max(before_ms, min(heard.values()))

    def _to_all_others(self, now_ms: int, says: Says) -> Iterator[tuple[int, Tick]]:
        for partition in range(1, self._partitions):
            yield partition, Tick(now_ms=now_ms, source=self.partition, says=says)
