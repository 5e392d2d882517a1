"""Whatever is asked of the emulated host, in whatever order and with whatever faults: it ends thawed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.faults import ROW_FAULTS, FaultName
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd
from orchestrator.plugin import HostSet
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import fault, plan_for
from tests.orchestrator.hosts.emulated_exchange.host_on_virtual_time import OPTIONS, WatchedStore
from tests.virtual_time import VirtualClock, run_in_virtual_time

pytestmark = pytest.mark.many

REQUESTS = ("open", "freeze", "thaw", "status", "complete", "fail", "abort", "recover", "resume")
LONGEST_FREEZE_S = 20.0
SESSION_S = 900.0
PREPARE_S = 600.0
NAMES = [*ROW_FAULTS, *(one for one in FaultName if one is not FaultName.DIES_WHILE_FROZEN)]

a_request = st.tuples(
    st.sampled_from(REQUESTS), st.integers(1, 2), st.floats(0, 30) | st.floats(0, 1000), st.booleans()
)
a_fault = st.tuples(st.sampled_from(NAMES), st.integers(1, 3), st.floats(0, 5))


class Story:
    """Requests on one host, each started after a pause; some are waited for, others go on by themselves."""

    def __init__(self, faults: Sequence[tuple[str, int, float]]) -> None:
        self.store = WatchedStore()
        self.host = InProcessHost(OPTIONS, store=self.store, clock=VirtualClock())
        self.sets: dict[int, HostSet] = {}
        self.frozen_since: float | None = None
        for name, position, delay_s in faults:
            self.host.inject(fault(name, position=position, delay_s=delay_s))

    async def tell(self, requests: Sequence[tuple[str, int, float, bool]]) -> None:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch())
            under_way = []
            for what, number, pause_s, wait in requests:
                task = group.create_task(self._ask(what, number))
                under_way.append(task)
                if wait:
                    await asyncio.wait({task}, timeout=pause_s)
                await asyncio.sleep(pause_s)
            await asyncio.sleep(PREPARE_S + SESSION_S + 200.0)
            for task in (watching, *under_way):
                task.cancel()
        assert not self.store.stopped
        await self._one_more()

    async def _watch(self) -> None:
        """Look every half second whether anything stands still for longer than any timer allows."""
        since: float | None = None
        while True:
            now = asyncio.get_running_loop().time()
            since = (since if since is not None else now) if self.store.stopped else None
            assert since is None or now - since <= LONGEST_FREEZE_S + 0.5
            await asyncio.sleep(0.5 if self.store.stopped else 5.0)

    async def _ask(self, what: str, number: int) -> None:
        with suppress(HostError):
            await self._request(what, number)

    async def _request(self, what: str, number: int) -> None:
        set_id = f"set-{number}"
        if what == "open":
            plan = plan_for(await self.host.survey(), set_id=set_id)
            self.sets[number] = await self.host.open(replace(plan, backup_type=1, session_s=SESSION_S))
        elif what == "recover":
            await self.host.recover(set_id, 7)
        elif what == "resume":
            await self.host.resume(set_id, 7)
        elif number in self.sets:
            await self._of_a_set(what, self.sets[number])

    async def _of_a_set(self, what: str, host_set: HostSet) -> None:
        match what:
            case "freeze":
                await host_set.freeze(12.0)
            case "thaw":
                release = await host_set.thaw()
                assert release.hold_s <= LONGEST_FREEZE_S
                if release.hold_ended_by is not HoldEnd.RELEASE:
                    assert release.set_status != VSS_S_ASYNC_FINISHED
            case "status":
                await host_set.writer_status()
            case "abort":
                await host_set.abort()
            case _:
                await host_set.complete(succeeded=what == "complete")

    async def _one_more(self) -> None:
        """The next set works, once nothing is left that misbehaves."""
        healthy = type(self.host.host._faults)()
        self.host.host._faults = healthy
        host_set = await self.host.open(plan_for(await self.host.survey(), set_id="next"))
        await host_set.freeze(12.0)
        assert (await host_set.thaw()).set_status == VSS_S_ASYNC_FINISHED
        await host_set.complete(succeeded=True)


@given(st.lists(a_request, max_size=10), st.lists(a_fault, max_size=3))
def test_no_sequence_of_requests_leaves_anything_frozen_or_keeps_the_next_set_from_starting(
    requests: list[tuple[str, int, float, bool]], faults: list[tuple[str, int, float]]
) -> None:
    run_in_virtual_time(Story(faults).tell([("open", 1, 1.0, True), *requests]))
