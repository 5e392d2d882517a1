"""One shadow copy set on this host: requestor, VSS provider and the thread between them. Synchronous.

Calls come from any thread. The COM thread is at work inside DoSnapshotSet from freeze to the set's end, so
that the hold is released, vetoed or told of through the relay alone.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Event, RLock
from typing import Final, TypeVar

from orchestrator.errors import HostError
from orchestrator.hosts.vss.clock import read_clocks
from orchestrator.hosts.vss.com.runtime import Runtime
from orchestrator.hosts.vss.hold_report import frozen_at, never_held
from orchestrator.hosts.vss.provider.relay import Entered, Relay
from orchestrator.hosts.vss.requestor.plan import PlannedSet
from orchestrator.hosts.vss.requestor.session import Session
from orchestrator.hosts.vss.requestor.thread import ComThread
from orchestrator.hosts.vss.requestor.waiting import CANCEL_GRACE_S, VSS_S_ASYNC_CANCELLED, Pacing
from orchestrator.hosts.vss.set_work import STATUS_S, Document, SetWork
from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S
from orchestrator.model.hosts import (
    VSS_S_ASYNC_FINISHED,
    CompletionReport,
    FreezeReport,
    HoldEnd,
    HostVolume,
    ReleaseReport,
    WriterReport,
    WriterState,
)

T = TypeVar("T")

# From the thaw on VSS and its writers still have to finish the set. Nothing is frozen by then.
AFTER_THAW_S: Final = 120.0
LOOK_S: Final = 0.010


class VssSet:
    """One set. `VssHost.open` makes them; `complete` or `abort` ends one.

    Args:
        runtime: the COM library.
        relay: the way to our VSS provider.
        plan: what the set holds.
        pacing: the COM thread's clock.
    """

    def __init__(self, runtime: Runtime, relay: Relay, plan: PlannedSet, pacing: Pacing) -> None:
        self.plan = plan
        self._runtime = runtime
        self._relay = relay
        self._pacing = pacing
        self._stop = Event()
        self._lock = RLock()
        self._thread = ComThread(runtime, f"set {plan.set_id}")
        self._work = SetWork(plan, relay, pacing, self._stop.is_set)
        self._creation: Future[None] | None = None
        self._released = False
        self._completion: tuple[bool, CompletionReport] | None = None
        self._ended = False

    @property
    def session_id(self) -> str:
        """Id of the requestor session."""
        return self._demand_session().session_id

    def prepare(self, context: int, host_volumes: tuple[HostVolume, ...]) -> None:
        """Start session and set, and prepare the writers. Whatever fails, everything owed is given back.

        Raises:
            HostError: VSS or a writer failed, or the host is not what it was when surveyed.
        """
        until_s = self._pacing.now() + self.plan.budgets.prepare_s
        try:
            prepare, runtime = self._work.prepare, self._runtime
            self._run(lambda: prepare(runtime, context, host_volumes, until_s), self.plan.budgets.prepare_s)
        except BaseException:
            self._give_up()
            raise

    def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze the writers, hold writes, and report from inside CommitSnapshots.

        The dead man is armed first, in the VSS provider itself. After a failure, call `thaw` or `abort`.

        Raises:
            HostError: it could not be done, or the set ended meanwhile.
        """
        if not 0 < dead_man_s <= EXCHANGE_FREEZE_LIMIT_S:
            limit = f"a dead man's time is more than 0 and at most {EXCHANGE_FREEZE_LIMIT_S:g} s"
            raise HostError("host.rejected", limit, subject=self.plan.set_id)
        with self._lock:
            session = self._demand_session()
            if self._creation is not None or self._work.release is not None or session.set_id is None:
                raise HostError("host.rejected", "it was frozen or thawed before", subject=self.plan.set_id)
            self._relay.expect(session.set_id, dead_man_s, self.plan.budgets.hold_s)
            begun, until_s = read_clocks(), self._pacing.now() + dead_man_s
            create = self._work.create
            creation = self._thread.submit(lambda: create(session, begun, until_s + AFTER_THAW_S))
            self._creation = creation
        entered = self._until_entered(creation, until_s)
        reports = tuple(
            WriterReport(one.instance_id, session.session_id, WriterState.WAITING_FOR_THAW)
            for one in dict.fromkeys(writer for writer, _ in session.selected)
        )
        return FreezeReport(reports, frozen_at(list(self._relay.history), begun), entered.held_at)

    def thaw(self) -> ReleaseReport:
        """Release the hold, wait for the set's final status, and say how the hold ended. Idempotent.

        Raises:
            HostError: `host.vss-late`; writes flow again, but VSS has not come to the set's end.
        """
        with self._lock:
            if self._work.release is None and self._creation is None:
                self._work.release = never_held(read_clocks(), VSS_S_ASYNC_CANCELLED)
            if self._work.release is not None:
                return self._work.release
            creation = self._creation
            if not self._released:
                self._released = self._relay.release()
            if not self._released:  # it does not hold, or not yet: see that it never will
                self._relay.veto()
        assert creation is not None  # noqa: S101 - seen above
        wait([creation], AFTER_THAW_S)
        if self._work.release is None:
            raise self._late()
        return self._work.release

    def writer_status(self) -> tuple[WriterReport, ...]:
        """Gather the selected writers' states inside the set's session."""
        return self._run(lambda: self._work.reports(self._demand_session()), STATUS_S + AFTER_THAW_S)

    def documents(self) -> tuple[Document, ...]:
        """Return the Backup Components Document and the metadata of every writer that owns a component."""
        return self._run(lambda: self._work.documents(self._demand_session()), STATUS_S)

    def complete(self, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended, and end the session. The same again answers the same.

        Raises:
            HostError: `host.session-lost`; `host.rejected`, another outcome was told before, or it is no
                success to report; a failure of BackupComplete, after which the backup is aborted.
        """
        with self._lock:
            if self._completion is not None:
                told, report = self._completion
                if told is not succeeded:
                    what = f"the writers were told succeeded={told} before"
                    raise HostError("host.rejected", what, subject=self.plan.set_id)
                return report
            session = self._demand_session()
            if succeeded and not self._is_good():
                what = "the set is not finished, or its hold was not ended by our release: it is no success"
                raise HostError("host.rejected", what, subject=self.plan.set_id)
            try:
                complete = self._work.complete
                report = self._run(
                    lambda: complete(session, succeeded=succeeded), self.plan.budgets.prepare_s
                )
            except BaseException:
                self._give_up()
                raise
            self._completion = succeeded, report
            self._end()
            return report

    def abort(self) -> None:
        """Thaw if needed, give the set up, and end the session. Idempotent.

        Raises:
            HostError: `host.vss-late`; VSS holds on to the session. It ends when VSS lets go.
        """
        if not self._give_up():
            raise HostError("host.vss-late", "VSS does not let go of the session", subject=self.plan.set_id)

    def _until_entered(self, creation: Future[None], until_s: float) -> Entered:
        """Wait until our VSS provider is inside CommitSnapshots, or until it will never be."""
        while (entered := self._relay.wait_entered(LOOK_S)) is None:
            if creation.done() or self._relay.ending is not None:
                if not wait([creation], AFTER_THAW_S).done:
                    raise self._late()
                creation.result()  # raises what VSS said
                what = "VSS made the set without our VSS provider, so no cut would have been inside its hold"
                raise HostError("host.freeze-failed", what, subject=self.plan.set_id)
            if self._pacing.now() >= until_s or self._stop.is_set():
                self._relay.veto()
                what = "writers and VSS were not ready to hold writes in time"
                raise HostError("host.freeze-failed", what, subject=self.plan.set_id)
            wait([creation], LOOK_S)
        return entered

    def _is_good(self) -> bool:
        release = self._work.release
        return (
            release is not None
            and release.set_status == VSS_S_ASYNC_FINISHED
            and release.hold_ended_by is HoldEnd.RELEASE
        )

    def _demand_session(self) -> Session:
        if self._work.session is None or self._ended:
            raise self._session_lost()
        return self._work.session

    def _session_lost(self) -> HostError:
        what = "the requestor session of this set has ended"
        return HostError("host.session-lost", what, subject=self.plan.set_id)

    def _late(self) -> HostError:
        what = f"VSS has not finished the set {AFTER_THAW_S:g} s after its hold"
        return HostError("host.vss-late", what, subject=self.plan.set_id)

    def _run(self, work: Callable[[], T], limit_s: float) -> T:
        if self._ended:
            raise self._session_lost()
        return self._thread.run(work, limit_s + CANCEL_GRACE_S)

    def _give_up(self) -> bool:
        """Veto what is in creation, let everything owed be given back, and tell whether it has been."""
        self._stop.set()
        with self._lock:
            running = self._creation is None or not self._creation.done()
            if self._work.announced and running and not self._ended:
                self._relay.veto()
        self._end()
        return self._thread.join(CANCEL_GRACE_S + STATUS_S)

    def _end(self) -> None:
        """Let the COM thread give back what is owed, after whatever it is at, and end."""
        with self._lock:
            if not self._ended:
                self._ended = True
                self._thread.submit(self._work.close)
                self._thread.end()
