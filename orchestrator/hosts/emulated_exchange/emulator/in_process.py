"""An emulated host without process, socket or I/O: for benchmarks and for tests in virtual time.

Its timers run on the event loop; with a clock that follows a virtual loop, so do they.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.clock import HostClock, MachineClock
from orchestrator.hosts.emulated_exchange.emulator.host import EmulatedExchange
from orchestrator.hosts.emulated_exchange.emulator.keys import SetKey
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions
from orchestrator.hosts.emulated_exchange.emulator.store import IdleStore, Store
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
from orchestrator.plugin import Fault, HostCoordinator, HostSet, SetPlan


class InProcessHost(HostCoordinator):
    """A coordinator and its host in one. Nothing changes the databases unless a store is given."""

    kind: ClassVar = "emulated-exchange"
    settings_model: ClassVar = BaseModel
    ceiling = Grade.WRITER_VERIFIED

    def __init__(
        self, options: HostOptions, *, store: Store | None = None, clock: HostClock | None = None
    ) -> None:
        self._name = options.name
        self._dead = False
        self._host = EmulatedExchange(options, store or IdleStore(), clock or MachineClock(), self.die)

    @property
    def host(self) -> EmulatedExchange:
        """The host itself.

        Raises:
            HostError: it is dead.
        """
        if self._dead:
            raise HostError("host.gone", "the connection was lost", subject=self._name)
        return self._host

    def die(self) -> None:
        """Be gone from now on."""
        self._dead = True

    def inject(self, fault: Fault) -> None:
        """Misbehave from now on."""
        self._host.inject(fault)

    async def connect(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to drop."""

    async def identify(self) -> HostIdentity:
        """Tell which host this is."""
        return self.host.identify()

    async def survey(self) -> Survey:
        """Return writers, components, host volumes and the clocks."""
        return await self.host.survey()

    async def clock(self) -> Reading:
        """Read the host's clocks."""
        return self.host.clock()

    async def open(self, plan: SetPlan) -> HostSet:
        """Start a session and a set."""
        return InProcessSet(self, SetKey(plan.set_id, plan.fence), await self.host.open(plan))

    async def resume(self, set_id: str, fence: int) -> HostSet:
        """Take up the session of a set."""
        key = SetKey(set_id, fence)
        return InProcessSet(self, key, self.host.resume(key))

    async def recover(self, set_id: str, fence: int) -> None:
        """Thaw and abort a set."""
        self.host.recover(SetKey(set_id, fence))


class InProcessSet(HostSet):
    """A set on such a host."""

    def __init__(self, coordinator: InProcessHost, key: SetKey, session_id: str) -> None:
        self.session_id = session_id
        self._coordinator = coordinator
        self._key = key

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze the writers and hold writes."""
        return await self._coordinator.host.freeze(self._key, dead_man_s)

    async def thaw(self) -> ReleaseReport:
        """Release and thaw."""
        return await self._coordinator.host.thaw(self._key)

    async def writer_status(self) -> Sequence[WriterReport]:
        """Gather the writers' states."""
        return self._coordinator.host.writer_status(self._key)

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended."""
        return await self._coordinator.host.complete(self._key, succeeded=succeeded)

    async def abort(self) -> None:
        """Give the set up."""
        self._coordinator.host.abort(self._key)
