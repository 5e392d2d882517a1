"""What each VSS backup type does to a database's logs, and which databases cannot bear it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.policy.exchange_commands import Task, next_step
from orchestrator.policy.exchange_databases import Selection
from orchestrator.policy.reasons import Finding
from orchestrator.policy.truncation import BackupType


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What one backup type means to Exchange ("Types of backup operations", Exchange 2013 SDK).

    Attributes:
        made: Quiesce makes such backups (`check_backup_type` refuses the others).
        truncates: Exchange deletes logs when it is told that the backup succeeded.
        logs_alone: holds what was logged since a full backup, and is worth nothing without that one.
    """

    made: bool
    truncates: bool
    logs_alone: bool


TYPE_RULES: Final[Mapping[BackupType, TypeRule]] = {
    BackupType.UNDEFINED: TypeRule(made=False, truncates=False, logs_alone=False),
    BackupType.FULL: TypeRule(made=True, truncates=True, logs_alone=False),
    BackupType.INCREMENTAL: TypeRule(made=False, truncates=True, logs_alone=True),
    BackupType.DIFFERENTIAL: TypeRule(made=False, truncates=False, logs_alone=True),
    BackupType.LOG: TypeRule(made=False, truncates=True, logs_alone=True),
    BackupType.COPY: TypeRule(made=True, truncates=False, logs_alone=False),
    BackupType.OTHER: TypeRule(made=False, truncates=False, logs_alone=False),
}


def no_circular_logging(selection: Selection) -> Iterator[Finding]:
    """Logs that overwrite themselves leave nothing to truncate, and nothing to copy (JET -526)."""
    rule = TYPE_RULES[selection.backup_type]
    version = selection.version
    if version is None or not (rule.truncates or rule.logs_alone):
        return
    for copy in selection.copies:
        if copy.circular_logging:
            text = f"It overwrites its logs by itself. {next_step(Task.CIRCULAR_LOGGING_OFF, version, copy)}"
            yield Finding("policy.circular-logging", copy.name, text)


def full_backup_before(selection: Selection) -> Iterator[Finding]:
    """Logs alone need a full backup by VSS before them; a streaming one does not count (JET -560)."""
    if TYPE_RULES[selection.backup_type].logs_alone:
        for copy in selection.copies:
            if copy.last_full is None:
                text = "It was never fully backed up by VSS; a streaming backup does not count."
                yield Finding("policy.no-full-backup", copy.name, text)


def copies_keep_up(selection: Selection) -> Iterator[Finding]:
    """Exchange deletes a log only when every copy has replayed it: one that lags keeps them all."""
    version = selection.version
    if version is None or not TYPE_RULES[selection.backup_type].truncates:
        return
    for copy in selection.copies:
        if copy.healthy_copies < len(copy.servers):
            text = (
                f"Only {copy.healthy_copies} of its {len(copy.servers)} copies are healthy: Exchange will "
                f"keep the logs that the others lack. {next_step(Task.COPY_STATUS, version, copy)}"
            )
            yield Finding("policy.copies-lag", copy.name, text.rstrip(), fatal=False)


def no_streaming_in_between(selection: Selection) -> Iterator[Finding]:
    """Up to 2007 other tools may back up by streaming: an increment of theirs cannot build on ours."""
    if TYPE_RULES[selection.backup_type].truncates:
        for component in selection.of_exchange:
            text = "After this backup, a streaming incremental one of another tool has nothing to build on."
            yield Finding("policy.streaming-mix", component.caption, text, fatal=False)
