"""What one set does on its COM thread: the calls of VSS, with the relay between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.vss.clock import read_clocks
from orchestrator.hosts.vss.com.runtime import Runtime
from orchestrator.hosts.vss.hold_report import release_report
from orchestrator.hosts.vss.provider.identities import SOFTWARE_PROVIDER
from orchestrator.hosts.vss.provider.pipe_protocol import Method
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.hosts.vss.requestor import steps, writers
from orchestrator.hosts.vss.requestor.failures import VssFailure, failure
from orchestrator.hosts.vss.requestor.plan import PlannedSet
from orchestrator.hosts.vss.requestor.session import Session
from orchestrator.hosts.vss.requestor.waiting import VSS_S_ASYNC_CANCELLED, Pacing
from orchestrator.hosts.vss.storage.survey import home_of, paths_of
from orchestrator.model.hosts import (
    VSS_S_ASYNC_FINISHED,
    CompletionReport,
    HostVolume,
    ReleaseReport,
    WriterReport,
)
from orchestrator.model.time import Reading

STATUS_S: Final = 60.0  # to gather writers' states; they answer within seconds
PROVIDER_WORD_S: Final = 1.0  # the VSS provider's word on the hold is there before the set's end, if ever


@dataclass(frozen=True, slots=True)
class Document:
    """An XML document of a set, for its evidence.

    Attributes:
        name: "backup-components", or "writer-" and the writer's instance id.
        data: UTF-8.
    """

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Its digest, in hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True)
class SetWork:
    """The part of a set that belongs to its COM thread.

    Attributes:
        plan: what the set holds.
        relay: the way to our VSS provider.
        pacing: the thread's clock.
        stopped: whether somebody has given the set up.
        session: once there is one.
        announced: the relay serves this set.
        release: how the hold went, once the set's creation has ended.
    """

    plan: PlannedSet
    relay: Relay
    pacing: Pacing
    stopped: Callable[[], bool]
    session: Session | None = None
    announced: bool = False
    release: ReleaseReport | None = None

    def prepare(
        self, runtime: Runtime, context: int, host_volumes: tuple[HostVolume, ...], until_s: float
    ) -> None:
        """Start session and set, and prepare the writers."""
        session = self.session = Session.open(runtime, self.pacing, self.stopped)
        steps.set_up(session, context, self.plan.backup_type)
        steps.gather_metadata(session, until_s)
        steps.select(session, self.plan)
        _demand_volumes(session, self.plan.host_volumes, host_volumes)
        set_id = steps.start(session, until_s)
        self.announced = True
        self.relay.announce(set_id)  # before VSS asks our provider whether it supports the volumes
        steps.add_volumes(session, self.plan.host_volumes, SOFTWARE_PROVIDER)
        steps.prepare(session, until_s)
        writers.demand_prepared(session, writers.gather(session, until_s))

    def create(self, session: Session, begun: Reading, until_s: float) -> None:
        """Make the set, and keep how its hold went, whatever became of it."""
        status = VSS_S_ASYNC_CANCELLED
        try:
            if self.stopped():
                raise failure("DoSnapshotSet", VSS_S_ASYNC_CANCELLED, subject=self.plan.set_id)
            steps.create(session, until_s)
            status = VSS_S_ASYNC_FINISHED
        except VssFailure as error:
            status = error.hresult or VSS_S_ASYNC_CANCELLED
            raise
        finally:
            if any(one.method is Method.PRE_COMMIT for one in self.relay.history):
                self.relay.wait_ended(PROVIDER_WORD_S)
            history, ending = list(self.relay.history), self.relay.ending
            self.release = release_report(history, ending, status, begun, read_clocks())

    def complete(self, session: Session, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended, and how they are afterwards."""
        steps.tell_success(session, succeeded=succeeded)
        steps.complete(session, self.pacing.now() + self.plan.budgets.prepare_s)
        try:
            return CompletionReport(self.reports(session))
        except VssFailure:  # they were told; that they cannot be asked any more does not undo it
            return CompletionReport()

    def reports(self, session: Session) -> tuple[WriterReport, ...]:
        """Ask how the selected writers are."""
        found = writers.gather(session, self.pacing.now() + STATUS_S)
        return tuple(one.report(session.session_id) for one in found)

    def documents(self, session: Session) -> tuple[Document, ...]:
        """Return the Backup Components Document and the metadata of every writer that owns a component."""
        owners = dict.fromkeys(writer for writer, _ in session.selected)
        made = [Document("backup-components", steps.document(session).encode())]
        made += [Document(f"writer-{one.instance_id}", one.document.encode()) for one in owners]
        return tuple(made)

    def close(self) -> None:
        """Give back all that is owed."""
        if self.session is not None:
            self.session.close()


def _demand_volumes(session: Session, named: tuple[str, ...], there: tuple[HostVolume, ...]) -> None:
    """See that the set has every host volume that a selected component needs.

    Without it Exchange would let itself be frozen and then fail the set (0x800423F0).

    Raises:
        HostError: `host.not-mounted`, `host.volume-not-in-set`.
    """
    known = {volume.name.lower() for volume in there}
    for name in named:
        if name.lower() not in known:
            raise HostError("host.not-mounted", "this host has no such host volume (any more)", subject=name)
    in_set = {name.lower() for name in named}
    for writer, component in session.selected:
        for path in paths_of(writer.files_of(component), there):
            home = home_of(path, there)
            if home is None or home.name.lower() not in in_set:
                where = home.name if home else "no host volume that we know"
                what = f"{path} lies on {where}, which is not in the set"
                raise HostError("host.volume-not-in-set", what, subject=component.caption or component.name)
