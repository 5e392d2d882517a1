"""One set and its requestor session, and what the host says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from uuid import uuid4

from orchestrator.hosts.emulated_exchange.emulator.consequences import VSS_E_WRITERERROR_RETRYABLE
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultName
from orchestrator.hosts.emulated_exchange.emulator.metadata import ServerMetadata
from orchestrator.hosts.emulated_exchange.emulator.rows import VSS_E_UNEXPECTED, Step
from orchestrator.hosts.emulated_exchange.emulator.sequence import CreationSequence
from orchestrator.model.hosts import CompletionReport, HoldEnd, ReleaseReport, WriterReport, WriterState
from orchestrator.plugin import SetPlan

VSS_E_UNEXPECTED_PROVIDER_ERROR: Final = 0x8004230F
VSS_E_WRITERERROR_NONRETRYABLE: Final = 0x800423F4


class SessionEnd(StrEnum):
    """How a requestor session ended."""

    COMPLETED = "the writers were told how the backup ended"
    ABORTED = "it was aborted"
    EXPIRED = "its time was over, so the host aborted it by itself"
    LOST = "its requestor is gone"


WRITER_FAULTS: Final = frozenset(
    {FaultName.WRITER_NOT_FROZEN, FaultName.WRITER_FAILED, FaultName.COMPONENT_FAILED, FaultName.WRITER_GONE}
)


@dataclass(slots=True)
class LiveSet:
    """A set on the host; its session outlives its creation, until it is complete or aborted.

    Attributes:
        databases: the selected mailbox databases.
        held_databases: those that a hold on the set's host volumes stops, selected or not.
        struck: instance of the writer that faults strike.
        prepared: the writers know that a backup is under way.
        thawing: somebody has asked for the release, and the set goes through its last rows.
        over: set once the creation has ended.
        timer: wakes the host when the sequence's next deadline passes.
        session_timer: ends the session by itself.
        faults: those that have struck this set and show in what is said of it.
        writer_failure: state and code of the struck writer, once it has failed.
        checkpoints: the oldest log generation that recovery of the copy needs, by database.
        dismounted: databases that were not mounted all the time.
        forgotten: the writer's service has been restarted and knows of no backup.
        restarted: the host has been, and knows nothing of it any more but that it was.
        closed: how the session ended; None while it lasts.
        telling: the answer of the writers, and how they were told that the backup ended.
    """

    plan: SetPlan
    sequence: CreationSequence
    databases: tuple[str, ...]
    held_databases: tuple[str, ...]
    struck: str
    session_id: str = field(default_factory=lambda: str(uuid4()))
    prepared: bool = False
    thawing: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None
    session_timer: asyncio.TimerHandle | None = None
    faults: set[FaultName] = field(default_factory=set)
    writer_failure: tuple[WriterState, int] | None = None
    checkpoints: dict[str, int] = field(default_factory=dict)
    dismounted: set[str] = field(default_factory=set)
    forgotten: bool = False
    restarted: bool = False
    closed: SessionEnd | None = None
    telling: tuple[bool, asyncio.Task[CompletionReport]] | None = None

    @property
    def in_backup(self) -> bool:
        """Whether its databases are marked as being in a backup."""
        return self.prepared and self.closed is None and not self.forgotten

    @property
    def writer_failed(self) -> bool:
        """Whether the writer knows that this was no good backup."""
        return self.writer_failure is not None or not self.faults.isdisjoint(WRITER_FAULTS)

    def close(self, how: SessionEnd) -> None:
        """End the session; no change if it has ended."""
        self.closed = self.closed or how
        if self.session_timer is not None:
            self.session_timer.cancel()
            self.session_timer = None

    def forget(self) -> None:
        """Be what a host knows of a set from before its restart: that there was one."""
        self.close(SessionEnd.LOST)
        self.closed, self.restarted = SessionEnd.LOST, True

    def release_report(self) -> ReleaseReport:
        """Say how the hold ended."""
        report = self.sequence.report()
        if self.restarted:
            was_held = Step.FLUSH_AND_HOLD_WRITES in self.sequence.entered
            ended_by = HoldEnd.UNPROVEN if was_held else HoldEnd.NEVER_HELD
            return replace(report, hold_ended_by=ended_by, set_status=VSS_E_UNEXPECTED)
        if FaultName.SET_NOT_FINISHED in self.faults:
            return replace(report, set_status=VSS_E_UNEXPECTED_PROVIDER_ERROR)
        return report

    def writer_reports(self, metadata: ServerMetadata) -> tuple[WriterReport, ...]:
        """Return the state of every writer that takes part, inside this set's session."""
        return tuple(self._writer_reports(metadata))

    def _writer_reports(self, metadata: ServerMetadata) -> Iterator[WriterReport]:
        state, failure = (WriterState.STABLE, 0) if self.closed else self.sequence.writers
        session_id = str(uuid4()) if FaultName.SESSION_RESTARTED in self.faults else self.session_id
        for writer in metadata.writers:
            report = WriterReport(writer.instance_id, session_id, state, failure)
            if writer.instance_id != self.struck:
                yield report
            elif FaultName.WRITER_GONE not in self.faults:
                yield self._of_the_struck(report)

    def _of_the_struck(self, report: WriterReport) -> WriterReport:
        if FaultName.WRITER_FAILED in self.faults:
            state, failure = WriterState.FAILED_AT_POST_SNAPSHOT, VSS_E_WRITERERROR_RETRYABLE
            report = replace(report, state=state, failure=failure)
        elif self.writer_failure is not None:
            state, failure = self.writer_failure
            report = replace(report, state=state, failure=failure)
        elif FaultName.WRITER_NOT_FROZEN in self.faults and not self.closed:
            state, failure = WriterState.FAILED_AT_FREEZE, VSS_E_WRITERERROR_NONRETRYABLE
            report = replace(report, state=state, failure=failure)
        if FaultName.COMPONENT_FAILED in self.faults:
            return replace(report, component_failures=self.databases[:1])
        return report
