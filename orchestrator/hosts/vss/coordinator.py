"""The asyncio face of this Windows host: what a host agent serves. Every call runs in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import ClassVar, Final, Protocol

from pydantic import BaseModel, ConfigDict

from orchestrator.errors import HostError
from orchestrator.hosts.vss.clock import read_clocks
from orchestrator.hosts.vss.host import VssHost
from orchestrator.hosts.vss.identity import identity_of_this_machine
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.hosts.vss.vss_set import VssSet
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    CompletionReport,
    FreezeReport,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
)
from orchestrator.model.time import Reading
from orchestrator.plugin import HostCoordinator, HostSet, ProviderContext, SetPlan

KIND: Final = "vss"


class ProviderDoor(Protocol):
    """Where our VSS provider connects; see `provider/pipe_server.py`."""

    def start(self) -> None:
        """Let it connect from now on."""

    def stop(self) -> None:
        """Let go of it."""


class VssSettings(BaseModel):
    """There are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VssCoordinator(HostCoordinator):
    """This machine. Its sets outlive whoever asked for them, up to their `session_s`."""

    kind: ClassVar = KIND
    settings_model: ClassVar = VssSettings
    needs_secret: ClassVar = False
    ceiling = Grade.WRITER_VERIFIED

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        self._name = context.name
        self._host: VssHost | None = None
        self._door: ProviderDoor | None = None
        self._sets: dict[str, VssHostSet] = {}
        self._refused_ids: set[str] = set()

    async def connect(self) -> None:
        """Load VSS, and let our VSS provider connect.

        Raises:
            HostError: `host.not-windows`.
        """
        relay = Relay()
        self._host = await asyncio.to_thread(VssHost.of_this_machine, relay)
        self._door = await asyncio.to_thread(_door, relay)

    async def close(self) -> None:
        """Abort what is open, as nobody is left to take it up, and let go of the VSS provider."""
        for one in [*self._sets.values()]:
            with suppress(HostError):
                await one.abort()
        if self._door is not None:
            await asyncio.to_thread(self._door.stop)

    async def identify(self) -> HostIdentity:
        """Tell which machine this is."""
        return await asyncio.to_thread(identity_of_this_machine)

    async def survey(self) -> Survey:
        """Read writers, components, files, host volumes and LUN identities."""
        return await asyncio.to_thread(self._connected().survey)

    async def clock(self) -> Reading:
        """Read this host's clocks."""
        return read_clocks()

    async def open(self, plan: SetPlan) -> HostSet:
        """Start a session and a set, and prepare the writers."""
        if plan.set_id in self._sets or plan.set_id in self._refused_ids:
            raise HostError("host.rejected", "this set id was used before", subject=plan.set_id)
        host = self._connected()
        self._refused_ids.add(plan.set_id)
        # Not to be left behind by a cancellation: nobody could abort what it prepared.
        opening = asyncio.ensure_future(asyncio.to_thread(host.open, plan))
        try:
            opened = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_abort_abandoned)
            raise
        made = self._sets[plan.set_id] = VssHostSet(opened, plan, self._forget)
        return made

    async def resume(self, set_id: str, fence: int) -> HostSet:
        """Take up the session of a set that is open."""
        return self._found(set_id, fence)

    async def recover(self, set_id: str, fence: int) -> None:
        """Thaw and abort a set. An unknown one is success, and cannot be opened any more."""
        if set_id in self._sets:
            await self._found(set_id, fence).abort()
        self._refused_ids.add(set_id)

    def _connected(self) -> VssHost:
        if self._host is None:
            raise HostError("host.gone", "it is not connected", subject=self._name)
        return self._host

    def _found(self, set_id: str, fence: int) -> VssHostSet:
        found = self._sets.get(set_id)
        if found is None:
            raise HostError("host.session-lost", "this host keeps no session of the set", subject=set_id)
        if found.fence != fence:
            raise HostError("host.rejected", "this is not the set's fencing token", subject=set_id)
        return found

    def _forget(self, set_id: str) -> None:
        self._sets.pop(set_id, None)


class VssHostSet(HostSet):
    """A set on this machine. It aborts itself when its session has lasted too long."""

    def __init__(self, opened: VssSet, plan: SetPlan, forget: Callable[[str], None]) -> None:
        self.session_id = opened.session_id
        self.fence = plan.fence
        self._set = opened
        self._plan = plan
        self._forget = forget
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(plan.budgets.prepare_s + plan.session_s, self._expire)
        self._expiring: asyncio.Task[None] | None = None

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze the writers, hold writes, and report."""
        return await asyncio.to_thread(self._set.freeze, dead_man_s)

    async def thaw(self) -> ReleaseReport:
        """Release and thaw, and say how the hold ended. The session's time runs from here."""
        report = await asyncio.to_thread(self._set.thaw)
        if self._expiring is None and not self._expiry.cancelled():
            self._expiry.cancel()
            self._expiry = asyncio.get_running_loop().call_later(self._plan.session_s, self._expire)
        return report

    async def writer_status(self) -> Sequence[WriterReport]:
        """Gather the selected writers' states."""
        return await asyncio.to_thread(self._set.writer_status)

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended."""
        report = await asyncio.to_thread(lambda: self._set.complete(succeeded=succeeded))
        self._expiry.cancel()
        return report

    async def abort(self) -> None:
        """Give the set up."""
        self._expiry.cancel()
        await asyncio.to_thread(self._set.abort)
        self._forget(self._plan.set_id)

    def _expire(self) -> None:
        self._expiring = asyncio.ensure_future(self._abort_quietly())

    async def _abort_quietly(self) -> None:
        with suppress(HostError):  # it ends when VSS lets go
            await self.abort()


def _abort_abandoned(opening: asyncio.Future[VssSet]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        Thread(target=opening.result().abort, name="abort of an abandoned set").start()


def _door(relay: Relay) -> ProviderDoor:
    from orchestrator.hosts.vss.provider.pipe_server import PipeServer

    door: ProviderDoor = PipeServer(relay)
    door.start()
    return door
