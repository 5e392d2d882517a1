"""What an admin types, or clicks, in each version of Exchange: the next step that a finding names."""

from __future__ import annotations

from enum import Enum
from typing import Final

from orchestrator.model.exchange import ExchangeVersion, MailboxDatabase

_E2003, _E2007, _E2010 = (
    ExchangeVersion.EXCHANGE_2003,
    ExchangeVersion.EXCHANGE_2007,
    ExchangeVersion.EXCHANGE_2010,
)


class Task(Enum):
    """What is to be done about a database."""

    MOUNT = "mount"
    CIRCULAR_LOGGING_OFF = "circular-logging-off"
    COPY_STATUS = "copy-status"
    BACKUP_STATUS = "backup-status"


# By the first version that knows it; later ones keep it. {database}, {group} and {path} (group\database,
# how the shell of 2007 names one) come in quotes. 2003 has no shell: its System Manager is clicked.
_STEPS: Final[dict[Task, dict[ExchangeVersion, str]]] = {
    Task.MOUNT: {
        _E2003: "In Exchange System Manager, mount the store {database}",
        _E2007: "`Mount-Database {path}`",
        _E2010: "`Mount-Database {database}`",
    },
    Task.CIRCULAR_LOGGING_OFF: {
        _E2003: 'In Exchange System Manager, properties of the storage group {group}, clear "Enable circular '
        'logging", then dismount and mount its stores',
        _E2007: "`Set-StorageGroup {group} -CircularLoggingEnabled $false`, then dismount and mount its "
        "databases",
        # With several copies it takes effect at once (Exchange help, "Configure circular logging").
        _E2010: "`Set-MailboxDatabase {database} -CircularLoggingEnabled $false`, then, unless it has "
        "several copies, dismount and mount it",
    },
    Task.COPY_STATUS: {
        _E2007: "`Get-StorageGroupCopyStatus {group}`",
        _E2010: "`Get-MailboxDatabaseCopyStatus {database}`",
    },
    Task.BACKUP_STATUS: {
        _E2003: "`vssadmin list writers`",
        _E2007: "`Get-MailboxDatabase {path} -Status | Format-List BackupInProgress,LastFullBackup`",
        _E2010: "`Get-MailboxDatabase {database} -Status | Format-List BackupInProgress,LastFullBackup`",
    },
}


def next_step(task: Task, version: ExchangeVersion, database: MailboxDatabase) -> str:
    """Return one sentence with the command of that version; empty if it has none."""
    steps = [step for since, step in _STEPS[task].items() if since <= version]
    if not steps:
        return ""
    path = "\\".join(part for part in (database.storage_group, database.name) if part)
    group = database.storage_group or database.name
    step = steps[-1].format(database=_quoted(database.name), group=_quoted(group), path=_quoted(path))
    return f"{step}."


def _quoted(name: str) -> str:
    """Return a name as PowerShell takes it literally: in single quotes, its own ones doubled."""
    return "'" + name.replace("'", "''") + "'"
