"""How the writers are told that a backup has ended, and what they do then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.admission import FULL
from orchestrator.hosts.emulated_exchange.emulator.clock import HostClock
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultPlan, Form, Row
from orchestrator.hosts.emulated_exchange.emulator.live_set import LiveSet, SessionEnd
from orchestrator.hosts.emulated_exchange.emulator.metadata import ServerMetadata
from orchestrator.hosts.emulated_exchange.emulator.rows import VSS_E_WRITERERROR_TIMEOUT, WRITER_LIMIT_S
from orchestrator.hosts.emulated_exchange.emulator.store import Store
from orchestrator.hosts.emulated_exchange.emulator.trail import Happening, Trail
from orchestrator.hosts.emulated_exchange.emulator.truncation import truncation_of, why_kept
from orchestrator.model.hosts import CompletionReport, LogsKept, LogTruncation, WriterState

COMPLETED: Final = 2006  # ESE ids
DELETED: Final = 224
NOTHING_DELETED: Final = 225
FAILED: Final = WriterState.FAILED_AT_BACKUP_COMPLETE


@dataclass(frozen=True, slots=True)
class Completion:
    """Tells the writers of one host."""

    faults: FaultPlan
    metadata: ServerMetadata
    store: Store
    clock: HostClock
    trail: Trail

    async def tell(self, live: LiveSet, *, succeeded: bool) -> CompletionReport:
        """Tell them, and end the session."""
        strike = self.faults.strikes(Row.BACKUP_COMPLETE)
        hears = (strike is None or strike.form is Form.LATE) and not live.writer_failed
        logs = await self._truncate(live, succeeded=succeeded) if hears else self._keep(live)
        if strike is not None:
            if strike.form is not Form.ERROR:
                await asyncio.sleep(WRITER_LIMIT_S + (strike.delay_s if strike.form is Form.LATE else 0.0))
            hresult = strike.hresult if strike.form is Form.ERROR else VSS_E_WRITERERROR_TIMEOUT
            live.writer_failure = FAILED, hresult
            self.trail.writer_failed(self.clock.reading().wall, strike.row, hresult, live.plan.set_id)
        elif live.databases and not live.writer_failed:
            self._note_the_end(live, logs, succeeded=succeeded)
        live.close(SessionEnd.COMPLETED)
        return CompletionReport(live.writer_reports(self.metadata), logs)

    async def _truncate(self, live: LiveSet, *, succeeded: bool) -> tuple[LogTruncation, ...]:
        kept = {name: self._why_kept(live, name, succeeded=succeeded) for name in live.databases}
        before = {name: self.store.logs(name) for name in live.databases}
        below = {name: live.checkpoints.get(name, 0) for name, reason in kept.items() if reason is None}
        if below:
            await self.store.truncate(below)
        if succeeded and live.plan.backup_type == FULL and not live.forgotten:
            for name in live.databases:
                now = self.clock.reading().wall
                full = self.metadata.database(name).model_copy(update={"last_full": now})
                self.metadata.describe(full)
        return tuple(
            truncation_of(before[name], self.store.logs(name), reason) for name, reason in kept.items()
        )

    def _why_kept(self, live: LiveSet, name: str, *, succeeded: bool) -> LogsKept | None:
        return why_kept(
            self.metadata.database(name),
            live.plan.backup_type,
            succeeded=succeeded,
            forgotten=live.forgotten,
            dismounted=name in live.dismounted,
        )

    def _keep(self, live: LiveSet) -> tuple[LogTruncation, ...]:
        ranges = [self.store.logs(name) for name in live.databases]
        return tuple(LogTruncation(one, one, LogsKept.UNKNOWN) for one in ranges)

    def _note_the_end(self, live: LiveSet, logs: tuple[LogTruncation, ...], *, succeeded: bool) -> None:
        now, set_id = self.clock.reading().wall, live.plan.set_id
        for one in logs:
            name = (one.before.caption,)
            if one.kept is None:
                self.trail.engine(now, DELETED, name, f"Log files below {one.after.lowest} were deleted.")
            elif one.kept is LogsKept.NOTHING_TO_TRUNCATE:
                self.trail.engine(now, NOTHING_DELETED, name, "No log files can be truncated.")
        self.trail.engine(now, COMPLETED, live.databases, "Shadow copy completed successfully.")
        truncates = any(one.kept is None for one in logs)
        if succeeded:
            self.trail.writer(now, Happening.TRUNCATES if truncates else Happening.COPIED, set_id)
        self.trail.writer(now, Happening.COMPLETE, set_id)
        self.trail.writer(now, Happening.SHUTDOWN, set_id)
