"""How a set is started and its writers are prepared: what comes before DoSnapshotSet."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.admission import writer_failed
from orchestrator.hosts.emulated_exchange.emulator.clock import HostClock
from orchestrator.hosts.emulated_exchange.emulator.creation import Creation
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultName, FaultPlan, Row, Strike
from orchestrator.hosts.emulated_exchange.emulator.live_set import LiveSet
from orchestrator.hosts.emulated_exchange.emulator.store import Store
from orchestrator.hosts.emulated_exchange.emulator.trail import Happening, Trail


@dataclass(frozen=True, slots=True)
class Preparation:
    """Prepares the sets of one host."""

    faults: FaultPlan
    store: Store
    clock: HostClock
    trail: Trail
    creation: Creation

    async def prepare(self, live: LiveSet) -> None:
        """Start a set, add its host volumes, prepare its writers.

        Raises:
            HostError: a step failed, or the set ended meanwhile.
            LateSuccess: it ended, and the host does not say so.
        """
        set_id = live.plan.set_id
        await self.creation.prepare(live, Row.START_SET, lambda strike: _busy(set_id, strike))
        await self.creation.prepare(live, Row.ADD_TO_SET, lambda strike: _not_supported(set_id, strike))
        if self.faults.due(FaultName.ROT):
            self.store.spoil()
        if self.faults.due(FaultName.PREPARE_FAILS):
            raise writer_failed("it would not say why", set_id)
        if live.databases:
            self.trail.starting(self.clock.reading().wall, live.plan.backup_type, live.databases)
        await self.creation.prepare(live, Row.PREPARE_FOR_BACKUP, lambda strike: self._vetoed(live, strike))
        live.prepared = True
        if live.databases:
            self.trail.writer(self.clock.reading().wall, Happening.PREPARED, set_id)

    def _vetoed(self, live: LiveSet, strike: Strike) -> HostError:
        now, set_id = self.clock.reading().wall, live.plan.set_id
        self.trail.writer_failed(now, strike.row, strike.hresult, set_id)
        return writer_failed("the writer refuses", set_id)


def _busy(set_id: str, strike: Strike) -> HostError:
    what = f"another set is in creation ({strike.hresult:#010x})"
    return HostError("host.busy", what, subject=set_id)


def _not_supported(set_id: str, strike: Strike) -> HostError:
    what = f"its provider takes no such host volume ({strike.hresult:#010x})"
    return HostError("host.rejected", what, subject=set_id)
