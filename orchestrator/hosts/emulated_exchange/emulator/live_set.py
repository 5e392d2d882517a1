"""One set and its requestor session, and what the host says of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

from orchestrator.hosts.emulated_exchange.emulator.admission import databases_of
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultName
from orchestrator.hosts.emulated_exchange.emulator.metadata import ServerMetadata
from orchestrator.hosts.emulated_exchange.emulator.sequence import CreationSequence
from orchestrator.model.hosts import ReleaseReport, WriterReport, WriterState
from orchestrator.plugin import SetPlan

VSS_E_UNEXPECTED_PROVIDER_ERROR: Final = 0x8004230F
VSS_E_WRITERERROR_RETRYABLE: Final = 0x800423F3
VSS_E_WRITERERROR_NONRETRYABLE: Final = 0x800423F4


@dataclass(slots=True)
class LiveSet:
    """A set on the host; its session outlives its creation, until it is complete or aborted.

    Attributes:
        held_databases: those that a hold on the set's host volumes stops, selected or not.
        timer: wakes the host when the sequence's next deadline passes.
        faults: those that have struck this set and show in what is said of it.
        closed: the session has ended.
    """

    plan: SetPlan
    sequence: CreationSequence
    held_databases: tuple[str, ...]
    session_id: str = field(default_factory=lambda: str(uuid4()))
    timer: asyncio.TimerHandle | None = None
    faults: set[FaultName] = field(default_factory=set)
    closed: bool = False

    def release_report(self) -> ReleaseReport:
        """Say how the hold ended."""
        report = self.sequence.report()
        if FaultName.SET_NOT_FINISHED in self.faults:
            return replace(report, set_status=VSS_E_UNEXPECTED_PROVIDER_ERROR)
        return report

    def writer_reports(self, metadata: ServerMetadata) -> tuple[WriterReport, ...]:
        """Return the state of every writer that takes part, inside this set's session."""
        state, failure = (WriterState.STABLE, 0) if self.closed else self.sequence.writers
        session_id = str(uuid4()) if FaultName.SESSION_RESTARTED in self.faults else self.session_id
        system = WriterReport(metadata.system.instance_id, session_id, state, failure)
        exchange = replace(system, instance_id=metadata.exchange.instance_id)
        if FaultName.WRITER_GONE in self.faults:
            return (system,)
        if FaultName.WRITER_NOT_FROZEN in self.faults and not self.closed:
            exchange = replace(
                exchange, state=WriterState.FAILED_AT_FREEZE, failure=VSS_E_WRITERERROR_NONRETRYABLE
            )
        if FaultName.WRITER_FAILED in self.faults:
            exchange = replace(
                exchange, state=WriterState.FAILED_AT_POST_SNAPSHOT, failure=VSS_E_WRITERERROR_RETRYABLE
            )
        if FaultName.COMPONENT_FAILED in self.faults:
            exchange = replace(exchange, component_failures=databases_of(self.plan)[:1])
        return (exchange, system)
