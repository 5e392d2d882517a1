"""Sets over a watchdog, as coordinators open them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.watchdog.held_set import open_held_set
from orchestrator.hosts.watchdog.lease import LeaseClaim
from orchestrator.model.budgets import Budgets
from orchestrator.model.hosts import HoldEnd
from orchestrator.plugin import SetPlan
from tests.orchestrator.hosts.watchdog.folder_hold import HoldFolder
from tests.orchestrator.hosts.watchdog.patience import until

pytestmark = pytest.mark.journey  # through a process of its own, or real waiting

WINDOW_S = 0.3


def plan() -> SetPlan:
    return SetPlan(str(uuid4()), 3, 0, 0, (), (), (), Budgets(hold_s=WINDOW_S))


async def test_a_set_that_cannot_be_prepared_leaves_nothing_behind(
    held: HoldFolder, claim: LeaseClaim
) -> None:
    held.let("prepare-fails")
    with pytest.raises(HostError, match="prepare-fails"):
        await open_held_set(plan(), held.spec, claim.folder, "fake")
    assert not list(claim.folder.glob("*"))


async def test_the_plans_own_limit_ends_the_hold(held: HoldFolder, claim: LeaseClaim) -> None:
    host_set = await open_held_set(plan(), held.spec, claim.folder, "fake")
    await host_set.freeze(60.0)
    await until(lambda: not held.frozen)
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.HOLD_LIMIT
    assert await host_set.writer_status() == ()
    await host_set.complete(succeeded=True)


async def test_a_set_that_is_given_up_is_thawed(held: HoldFolder, claim: LeaseClaim) -> None:
    host_set = await open_held_set(plan(), held.spec, claim.folder, "fake")
    await host_set.freeze(60.0)
    await host_set.abort()
    assert not held.frozen
    await host_set.abort()
