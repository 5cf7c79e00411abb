"""The shop's clients: most repeat a message until it is acknowledged, as SDKs do; some give up after one failure, as a closed tab does."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType

from chaos.ledger import Ledger
from runtime.send import GaveUp, Sender
from runtime.settings import Settings
from simulator.faults import Arrival

HASTY_PERCENT = 15  # of devices give up
PATIENT_TIMEOUT_S, HASTY_TIMEOUT_S = 5.0, 0.5  # shorter than the pauses, so that there are requests whose answer nobody waits for
PATIENCE_S = 300.0


class Clients:
    """The wire of a `Play`: returns when everything is acknowledged, or given up and noted as such in the ledger."""

    def __init__(self, settings: Settings, write_key: str, lane: str, ledger: Ledger) -> None:
        self._ledger = ledger
        self._patient = Sender(settings, write_key, lane=lane, patience_s=PATIENCE_S, timeout_s=PATIENT_TIMEOUT_S)
        self._hasty = Sender(settings, write_key, lane=lane, patience_s=0.0, timeout_s=HASTY_TIMEOUT_S, concurrency=1)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Clients:
        for sender in (self._patient, self._hasty):
            await self._open.enter_async_context(sender)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._open.aclose()

    @property
    def resent(self) -> int:
        """Events in requests that were repeated without knowing whether they had arrived."""
        return self._patient.sent.resent

    @property
    def answered(self) -> tuple[int, dict[str, int]]:
        """Events taken, and refused by code, as the answers counted them."""
        senders = (self._patient.sent, self._hasty.sent)
        return sum(each.accepted for each in senders), dict(sum((each.rejected for each in senders), start=type(senders[0].rejected)()))

    async def send(self, messages: Sequence[Arrival], clock_ms: int | None) -> None:
        hasty = [message for message in messages if is_hasty(message)]
        patient = [message for message in messages if not is_hasty(message)]
        async with asyncio.TaskGroup() as both:
            both.create_task(self._send_patiently(patient, clock_ms))
            both.create_task(self._send_hastily(hasty, clock_ms))

    async def clock(self, now_ms: int) -> None:
        await self._patient.clock(now_ms)

    async def _send_patiently(self, messages: Sequence[Arrival], clock_ms: int | None) -> None:
        await self._patient.send(messages, clock_ms)
        self._ledger.note(messages, acknowledged=True)

    async def _send_hastily(self, messages: Sequence[Arrival], clock_ms: int | None) -> None:
        try:
            await self._hasty.send(messages, clock_ms)
        except GaveUp:
            self._ledger.note(messages, acknowledged=False)
        else:
            self._ledger.note(messages, acknowledged=True)


def is_hasty(message: Arrival) -> bool:
    """By device. One that two people share is patient: who is who has one answer only while its events stay in order."""
    device = message.happening.device
    return not device.shared and zlib.crc32(device.id.encode()) % 100 < HASTY_PERCENT
