"""Meets an array or a host: who it is, how far its clock is off, how quickly it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Final

from orchestrator.errors import ArrayError, HostError
from orchestrator.model.arrays import ArrayIdentity
from orchestrator.model.hosts import HostIdentity, Survey
from orchestrator.model.time import ClockOffset
from orchestrator.plugin import HostCoordinator, Provider

PROBE_LIMIT_S: Final = 60.0
_CLOSE_LIMIT_S: Final = 5.0
_SAMPLES: Final = 7


@dataclass(frozen=True, slots=True)
class ArrayProbe:
    """What an array answered.

    Attributes:
        identity: who it is.
        missing_rights: in the vendor's words.
        clock: its wall clock against ours.
        round_trip_s: median over several requests on a warm connection.
    """

    identity: ArrayIdentity
    missing_rights: tuple[str, ...]
    clock: ClockOffset
    round_trip_s: float


@dataclass(frozen=True, slots=True)
class HostProbe:
    """What a host answered: who it is, what it looks like, its wall clock against ours."""

    identity: HostIdentity
    survey: Survey
    clock: ClockOffset


async def probe_array(name: str, provider: Provider, *, limit_s: float = PROBE_LIMIT_S) -> ArrayProbe:
    """Connect to an array, ask, and disconnect. Changes nothing there.

    Raises:
        ArrayError: it refused, or did not answer in time.
    """
    try:
        async with asyncio.timeout(limit_s), _connected(provider):
            samples = [await _sample(provider) for _ in range(_SAMPLES)]
            best = min(samples, key=lambda sample: sample.round_trip_s)
            return ArrayProbe(
                identity=await provider.identify(),
                missing_rights=tuple(await provider.missing_rights()),
                clock=best.offset(provider.capabilities.clock_precision_s),
                round_trip_s=median(sample.round_trip_s for sample in samples),
            )
    except TimeoutError:
        raise ArrayError("array.unreachable", f"No answer within {limit_s:g} s.", subject=name) from None


async def probe_host(name: str, host: HostCoordinator, *, limit_s: float = PROBE_LIMIT_S) -> HostProbe:
    """Connect to a host, survey it, and disconnect. Changes nothing there.

    Raises:
        HostError: it refused, or did not answer in time.
    """
    try:
        async with asyncio.timeout(limit_s), _connected(host):
            identity = await host.identify()
            asked_at, asked_s = datetime.now(UTC), time.monotonic()
            survey = await host.survey()
            # The host may have read its clock at any moment of the survey: so much is the error.
            sample = _Sample(asked_at, time.monotonic() - asked_s, survey.clock.wall)
            return HostProbe(identity, survey, sample.offset(0.0))
    except TimeoutError:
        raise HostError("host.unreachable", f"No answer within {limit_s:g} s.", subject=name) from None


@dataclass(frozen=True, slots=True)
class _Sample:
    """Their clock, read at some moment of one round trip that began at `asked_at` on ours."""

    asked_at: datetime
    round_trip_s: float
    theirs: datetime

    def offset(self, precision_s: float) -> ClockOffset:
        half_s = self.round_trip_s / 2
        offset_s = (self.theirs - self.asked_at).total_seconds() - half_s
        return ClockOffset(offset_s, error_s=half_s + precision_s)


async def _sample(provider: Provider) -> _Sample:
    asked_at, asked_s = datetime.now(UTC), time.monotonic()
    answer = await provider.clock()
    return _Sample(asked_at, time.monotonic() - asked_s, answer.at)


@asynccontextmanager
async def _connected(peer: Provider | HostCoordinator) -> AsyncIterator[None]:
    try:
        await peer.connect()
        yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await peer.close()
