"""Codes of Exchange's own rules: what is declined before a freeze, and what is only worth saying."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "policy.writer-unknown": Explanation(
        "A writer bears the id of Exchange's writer under a name that Quiesce does not know.",
        "Read the name with `vssadmin list writers`. If a service was just updated, restart it "
        "(MSExchangeIS, or MSExchangeRepl since Exchange 2013); if the name stays, report it: this version "
        "is not known yet.",
    ),
    "policy.mixed-writers": Explanation(
        "The job selects components of Exchange together with those of another application. Going back to "
        "such a set would put back both.",
        "Make one job for each application; they may run one after the other.",
    ),
    "policy.whole-storage-group": Explanation(
        "Exchange 2003 and 2007 back up whole storage groups: their databases share one set of logs.",
        "Name the storage group in the job instead of the database; the message lists what it brings "
        "along. Exchange 2007 lists groups with `Get-StorageGroup`, 2003 in Exchange System Manager.",
    ),
    "policy.database-dismounted": Explanation(
        "A database is dismounted, or a copy of it does not replay: its writer does not offer it, and a "
        "backup of its storage group would not be whole.",
        "Mount it (2007 and later: `Mount-Database`; 2003: Exchange System Manager), or let the copy "
        "replay again (`Resume-MailboxDatabaseCopy`), or leave it out of the job.",
    ),
    "policy.recovery-database": Explanation(
        "The database, or its storage group, is one for recovery: it holds what was restored.",
        "Select the production database. `quiesce host show NAME` lists those.",
    ),
    "policy.component-incomplete": Explanation(
        "The writer lists no logs, or no database file, for a component. A clone of the rest could not be "
        "recovered.",
        "Look at what the writer says with `diskshadow`, `list writers metadata`. Restart the writer's "
        "service (MSExchangeIS, or MSExchangeRepl since Exchange 2013) if paths were moved a short while "
        "ago.",
    ),
    "policy.copy-twice": Explanation(
        "The job selects two copies of one database, which must not be backed up at the same time.",
        "Select the active copy or the passive one. On Exchange 2007 `Get-StorageGroupCopyStatus` lists "
        "them, since 2010 `Get-MailboxDatabaseCopyStatus`.",
    ),
    "policy.copy-role-unclear": Explanation(
        "VSS and Exchange, or two servers, do not agree on which copy of a database is the active one. It "
        "is being moved, or was a moment ago.",
        "Wait until the move is over (`Get-MailboxDatabaseCopyStatus` shows one copy as Mounted; 2007: "
        "`Get-StorageGroupCopyStatus`), then run again.",
    ),
    "policy.database-in-backup": Explanation(
        "Another backup holds the database, and Exchange bears one at a time. A copy backup holds it as "
        "well, until the writers have been told how it ended.",
        "Wait for the other backup. A run of ours ends early with `quiesce set cancel ID`. If nobody backs "
        "it up any more, restart the service that remembers it, when that does no harm: MSExchangeIS (2003 "
        "to 2010), MSExchangeRepl (2013 and later, and passive copies since 2007).",
    ),
    "policy.host-busy": Explanation(
        "Another run has a set open on this host. VSS makes one set at a time, and Exchange 2003 bears one "
        "backup until its very end.",
        "Wait for the run that is named, or end it: `quiesce set cancel ID`. Let the jobs of one host "
        "begin at different times.",
    ),
    "policy.circular-logging": Explanation(
        "Circular logging is on: the database overwrites its logs by itself, so there is nothing to "
        "truncate and nothing that an incremental backup could rest on.",
        'Use backup_type = "copy" without truncate; or turn circular logging off: `Set-MailboxDatabase '
        "NAME -CircularLoggingEnabled $false` (2010 and later), `Set-StorageGroup GROUP "
        "-CircularLoggingEnabled $false` (2007), properties of the storage group in Exchange System "
        "Manager (2003).",
    ),
    "policy.no-full-backup": Explanation(
        "The database was never fully backed up by VSS, and logs alone need that before them (JET error "
        "-560).",
        'Make a full backup first: backup_type = "full" with verify and truncate.',
    ),
    "policy.copies-lag": Explanation(
        "Not every copy of the database is healthy. Exchange deletes a log only when every copy has "
        "replayed it, so the logs stay after this backup, and go with a later one.",
        "Heal the copies before the logs fill their disk: `Get-MailboxDatabaseCopyStatus NAME` (2007: "
        "`Get-StorageGroupCopyStatus`) says what each lacks.",
    ),
    "policy.streaming-mix": Explanation(
        "Exchange 2003 and 2007 can also be backed up by streaming. An incremental streaming backup cannot "
        "build on a full backup by VSS.",
        'Let only one tool make full and incremental backups; use backup_type = "copy" for clones beside it.',
    ),
    "policy.exchange-silent": Explanation(
        "The host says nothing of what Exchange knows of a database: whether it is mounted, replicated, "
        "logs in circles, or is held by another backup.",
        "Nothing, if the run succeeds: its writer has the last word. `quiesce host test NAME` sees the rest.",
    ),
    "policy.no-copy": Explanation(
        "No copy of the database is where the job allows one, offered by its writer and in good order.",
        "Read which copies were seen. Register the hosts that are missing (`quiesce host add`), heal the "
        "copy (`Get-MailboxDatabaseCopyStatus NAME`, `Resume-MailboxDatabaseCopy`), or allow another one "
        "in the job.",
    ),
    "policy.ownership-changed": Explanation(
        "A database has moved, or a copy of it has changed, since the run was planned: it would have been "
        "cut on the wrong server. Nothing was frozen.",
        "Run again; the plan is made anew. If databases keep moving, find out why: "
        "`Get-MailboxDatabaseCopyStatus *`.",
    ),
    "policy.several-instants": Explanation(
        "The selection needs more host volumes than one set can hold, so several sets are made, one after "
        "the other. Databases of different sets are not of the same instant.",
        "Nothing, if each database is used by itself. Databases that must be of one instant belong in one "
        "set: select fewer, or put them on fewer host volumes.",
    ),
    "policy.presented-to-owner": Explanation(
        "The clone was to be shown to a machine that has its source. Both have the same disk signature, "
        "and Windows would take one of them offline, in a cluster perhaps the source.",
        "Present it to another host, outside the cluster: a verification host or the standby server.",
    ),
    "policy.shared-lun": Explanation(
        "Several mailbox databases lie on one array volume. Whoever goes back to one of them by its array "
        "volume takes the others back as well.",
        "Keep it in mind for a restore, or give each database array volumes of its own "
        "(`Move-DatabasePath`, Exchange 2007 and later).",
    ),
}
