"""Connections kept warm by real requests until the writers report frozen; clocks compared on the way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from orchestrator.engine.clock import Clock
from orchestrator.engine.parts import ArrayPart
from orchestrator.errors import OrchestratorError, Refused
from orchestrator.model.time import ClockOffset, Reading

# Well below `Budgets.warm_s`, so that one slow answer does not make a connection count as unproven.
INTERVAL_S: Final = 1.5


def offset_between(asked: Reading, answered: Reading, theirs_at: float) -> ClockOffset:
    """Return another machine's clock against ours, from one round trip and its error bound.

    `theirs_at` is the other machine's wall clock in epoch seconds.
    """
    half_s = max(asked.elapsed_s(answered), 0.0) / 2
    return ClockOffset(offset_s=theirs_at - (asked.wall.timestamp() + half_s), error_s=half_s)


@dataclass(slots=True)
class Proof:
    """When an array last answered, how long that took, and the best view of its clock so far."""

    answered_at: float
    round_trip_s: float
    clock: ClockOffset


@dataclass(slots=True)
class Warmth:
    """Asks every array for its clock over and over."""

    arrays: tuple[ArrayPart, ...]
    clock: Clock
    proofs: dict[str, Proof] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _paused: bool = False

    async def start(self) -> None:
        """Prove every connection once, then go on in the background."""
        await asyncio.gather(*(self._prove(array) for array in self.arrays))
        self._tasks = [asyncio.create_task(self._keep_proving(array)) for array in self.arrays]

    def pause(self) -> None:
        """Ask no more. A request under way ends by itself: cancelling it would cost its connection."""
        self._paused = True

    async def stop(self) -> None:
        """End the background work; outside a window."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def demand_fresh(self, warm_s: float) -> None:
        """Refuse the freeze if a connection was not proven lately.

        Raises:
            Refused: `policy.connection-not-proven`.
        """
        now = self.clock.now()
        stale = [array.name for array in self.arrays if now - self._last(array) > warm_s]
        if stale:
            raise Refused(
                "policy.connection-not-proven",
                f"no answer on the warm connection in the last {warm_s:g} s",
                subject=", ".join(stale),
            )

    def _last(self, array: ArrayPart) -> float:
        proof = self.proofs.get(array.name)
        return float("-inf") if proof is None else proof.answered_at

    async def _keep_proving(self, array: ArrayPart) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            if self._paused:
                return
            with suppress(OrchestratorError):  # an unproven connection refuses the freeze by itself
                await self._prove(array)

    async def _prove(self, array: ArrayPart) -> None:
        asked = self.clock.reading()
        sample = await array.provider.clock()
        answered = self.clock.reading()
        offset = offset_between(asked, answered, sample.at.timestamp())
        best = self.proofs.get(array.name)
        if best is not None and best.clock.error_s < offset.error_s:
            offset = best.clock
        self.proofs[array.name] = Proof(self.clock.now(), asked.elapsed_s(answered), offset)
