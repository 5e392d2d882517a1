"""The forecast follows the number of extents, and a cut stays below it."""

from __future__ import annotations

import time

import pytest

from providers.software_reflink.forecast import _COSTS, _SAFETY
from tests.providers.software_reflink.stand import LUNS, Stand, make_fragmented_lun

pytestmark = pytest.mark.real

EXTENTS = 2_000


async def test_a_fragmented_file_takes_longer_and_the_forecast_knows(xfs_stand: Stand) -> None:
    make_fragmented_lun(xfs_stand.luns / "wide.img", EXTENTS)
    plain = await xfs_stand.provider.forecast(xfs_stand.volumes)
    stand = await Stand.plan(xfs_stand.folder, xfs_stand.provider, ["wide.img"])
    wide = await stand.provider.forecast(stand.volumes)
    assert plain is not None
    assert wide is not None
    assert wide.cut_s >= _SAFETY * _COSTS["xfs"].per_extent_s * EXTENTS > plain.cut_s
    assert f"{EXTENTS:,} extents in 1 files" in wide.basis


@pytest.mark.parametrize("extents", [1, EXTENTS])
async def test_a_cut_stays_below_its_forecast(stand: Stand, extents: int) -> None:
    make_fragmented_lun(stand.luns / "wide.img", extents)
    stand = await Stand.plan(stand.folder, stand.provider, ["wide.img", *LUNS])
    forecast = await stand.provider.forecast(stand.volumes)
    armed = await stand.arm()
    began = time.monotonic()
    await stand.commit(armed)
    took_s = time.monotonic() - began
    assert forecast is not None
    assert took_s < max(forecast.cut_s, 0.5)  # the latter for a machine on which much else runs


async def test_a_forecast_changes_nothing(stand: Stand) -> None:
    before = stand.names()
    assert await stand.provider.forecast(stand.volumes) is not None
    assert stand.names() == before


async def test_a_whole_subvolume_costs_the_same_however_fragmented(subvolume_stand: Stand) -> None:
    plain = await subvolume_stand.provider.forecast(subvolume_stand.volumes)
    make_fragmented_lun(subvolume_stand.luns / "wide.img", EXTENTS)
    stand = await Stand.plan(subvolume_stand.folder, subvolume_stand.provider, ["wide.img", *LUNS])
    assert await stand.provider.forecast(stand.volumes) == plain
    part = await subvolume_stand.provider.forecast(stand.volumes[:1])
    assert part is not None
    assert "extents" in part.basis
