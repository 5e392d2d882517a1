"""What becomes of the logs when the Exchange writer hears how a backup ended."""

from __future__ import annotations

from orchestrator.hosts.emulated_exchange.emulator.admission import TRUNCATING
from orchestrator.hosts.emulated_exchange.emulator.options import LabDatabase
from orchestrator.model.hosts import LogRange, LogsKept, LogTruncation


def why_kept(
    database: LabDatabase, backup_type: int, *, succeeded: bool, forgotten: bool, dismounted: bool
) -> LogsKept | None:
    """Return why a database's logs stay; None if they may go.

    After "Exchange Writer" in the Exchange 2013 SDK.

    Args:
        database: as it is now.
        backup_type: of the backup.
        succeeded: what the writer is told.
        forgotten: its service has been restarted meanwhile.
        dismounted: the database was, meanwhile.
    """
    if not succeeded or backup_type not in TRUNCATING:
        return LogsKept.NOT_ASKED
    if forgotten:
        return LogsKept.WRITER_RESTARTED
    if dismounted or not database.mounted:
        return LogsKept.DISMOUNTED
    if database.replay_behind:
        return LogsKept.REPLAY_BEHIND
    return None


def truncation_of(before: LogRange, after: LogRange, kept: LogsKept | None) -> LogTruncation:
    """Return what became of one database's logs."""
    if kept is None and (before.lowest is None or before.lowest == after.lowest):
        kept = LogsKept.NOTHING_TO_TRUNCATE
    return LogTruncation(before, after, kept)
