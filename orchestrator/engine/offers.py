"""What the arrays of a plan say: which LUNs are theirs, and how long their cuts are going to take."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrator.engine.clock import Clock
from orchestrator.engine.parts import ArrayPart
from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.hosts import Survey
from orchestrator.policy.consistency import ArrayOffer
from orchestrator.policy.topology import ArrayClaim, Claims

# A cut does more on the array than telling the time; measured on emulators, kept wide on purpose.
ROUND_TRIPS_PER_CUT: Final = 3.0

History = Mapping[str, Sequence[float]]
"""Seconds that earlier cuts took, by the array's registered name."""


async def claims_of(survey: Survey, arrays: Sequence[ArrayPart]) -> Claims:
    """Ask every array for every LUN of the host: one that two of them know must not go unseen."""
    lun_ids = sorted({lun_id for item in survey.host_volumes for lun in item.luns for lun_id in lun.lun_ids})
    claims: dict[str, list[ArrayClaim]] = defaultdict(list)
    for array, found in zip(
        arrays, await asyncio.gather(*(array.provider.locate(lun_ids) for array in arrays)), strict=True
    ):
        for lun_id, item in found.items():
            claims[lun_id].append(ArrayClaim(array.identity.array_id, array.name, item))
    return claims


async def offer_of(
    array: ArrayPart, volumes: Sequence[ArrayVolume], history: History, clock: Clock
) -> ArrayOffer:
    """Take the slowest of what experience says and what the provider itself expects."""
    forecasts = [await _experience(array, history, clock)]
    if (expected := await array.provider.forecast(volumes)) is not None:
        forecasts.append((expected.cut_s, expected.basis))
    forecast_s, basis = max(forecasts)
    return ArrayOffer(array.name, array.capabilities, forecast_s, basis)


async def _experience(array: ArrayPart, history: History, clock: Clock) -> tuple[float, str]:
    earlier = history.get(array.name, ())
    if earlier:
        return max(earlier), f"the slowest of the last {len(earlier)} cuts on it"
    asked = clock.reading()
    await array.provider.clock()
    round_trip_s = asked.elapsed_s(clock.reading())
    basis = f"{ROUND_TRIPS_PER_CUT:g} round trips of {round_trip_s * 1000:.0f} ms, measured now"
    return ROUND_TRIPS_PER_CUT * round_trip_s, basis
