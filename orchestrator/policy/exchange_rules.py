"""Every rule of Exchange's that is looked at before a freeze, with the versions it holds for: one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from orchestrator.model.exchange import ExchangeVersion
from orchestrator.policy import backup_types, backups_at_once, exchange_selection
from orchestrator.policy.exchange_databases import Selection
from orchestrator.policy.reasons import Finding

_FIRST, _LAST = min(ExchangeVersion), max(ExchangeVersion)


@dataclass(frozen=True, slots=True)
class Rule:
    """One of them.

    Attributes:
        code: under which it speaks.
        why: a sentence for the page about them.
        check: judges a selection; None: judged where its facts are known, by a function of its own.
        since: the first version that it holds for.
        until: the last.
        refuses: False for what is only worth saying, whatever the case.
    """

    code: str
    why: str
    check: Callable[[Selection], Iterable[Finding]] | None = None
    since: ExchangeVersion = _FIRST
    until: ExchangeVersion = _LAST
    refuses: bool = True

    def holds_for(self, version: ExchangeVersion | None) -> bool:
        """Tell whether a version has it. One that nobody knows has every rule."""
        return version is None or self.since <= version <= self.until

    @property
    def versions(self) -> str:
        """The versions as people write them."""
        if (self.since, self.until) == (_FIRST, _LAST):
            return "all"
        if self.until is _LAST:
            return f"{self.since} and later"
        return str(self.since) if self.since is self.until else f"{self.since} to {self.until}"


_E2003, _E2007 = ExchangeVersion.EXCHANGE_2003, ExchangeVersion.EXCHANGE_2007

RULES: Final = (
    Rule(
        "policy.writer-unknown",
        "Exchange's writer is known by its id and its name; with only one of them its rules are not known.",
        exchange_selection.known_writers,
    ),
    Rule(
        "policy.mixed-writers",
        "Going back to a set puts back everything in it: Exchange and SQL Server would revert together.",
        exchange_selection.one_application,
    ),
    Rule(
        "policy.whole-storage-group",
        "The databases of a storage group share their logs, so the group is the smallest thing to back up.",
        until=_E2007,
    ),
    Rule(
        "policy.database-dismounted",
        "Writers do not offer it. In a storage group it spoils the backup of all (2003) or their truncation.",
        exchange_selection.all_mounted,
    ),
    Rule(
        "policy.recovery-database",
        "It holds what was restored, is no production data, and no writer offers it.",
        exchange_selection.no_recovery,
    ),
    Rule(
        "policy.component-incomplete",
        "A database that was in use is recovered with its logs, or not at all.",
        exchange_selection.with_logs,
    ),
    Rule(
        "policy.copy-twice",
        "Copies of one database share the mark that says it is in backup.",
        exchange_selection.one_copy_each,
        since=_E2007,
    ),
    Rule(
        "policy.copy-role-unclear",
        "While a database moves to another server, VSS and Exchange do not agree on who has it.",
        exchange_selection.roles_agree,
        since=_E2007,
    ),
    Rule(
        "policy.database-in-backup",
        "A database bears one backup at a time; a copy backup counts.",
        backups_at_once.not_in_backup,
    ),
    Rule(
        "policy.host-busy",
        "VSS makes one set at a time on a host; Exchange 2003 bears one backup until its very end.",
    ),
    Rule(
        "policy.circular-logging",
        "Logs that overwrite themselves leave nothing to truncate, and increments would have gaps.",
        backup_types.no_circular_logging,
    ),
    Rule(
        "policy.no-full-backup",
        "Increments are worth nothing without a full backup by VSS before them.",
        backup_types.full_backup_before,
    ),
    Rule(
        "policy.copies-lag",
        "Exchange truncates a log only when every copy has replayed it.",
        backup_types.copies_keep_up,
        since=_E2007,
        refuses=False,
    ),
    Rule(
        "policy.streaming-mix",
        "Streaming increments of another tool cannot build on a full backup by VSS.",
        backup_types.no_streaming_in_between,
        until=_E2007,
        refuses=False,
    ),
    Rule(
        "policy.exchange-silent",
        "What the host does not tell of a database cannot be judged.",
        exchange_selection.listed,
        refuses=False,
    ),
    Rule(
        "policy.no-copy",
        "No copy of the database is where the job allows one, offered by its writer and in good order.",
        since=_E2007,
    ),
    Rule(
        "policy.ownership-changed",
        "A database that has moved since the plan would be cut on the wrong server.",
        since=_E2007,
    ),
    Rule(
        "policy.several-instants",
        "A set holds at most 64 host volumes; of several sets each has its own instant.",
        refuses=False,
    ),
    Rule(
        "policy.presented-to-owner",
        "A clone has its source's disk signatures: two of the same in one cluster take its disks offline.",
    ),
    Rule(
        "policy.shared-lun",
        "Going back to one database by its array volume takes back all that lie on it.",
        refuses=False,
    ),
)


def check_exchange(selection: Selection) -> tuple[Finding, ...]:
    """Judge what is selected on one host by every rule of its version. Notes are among what comes back."""
    return tuple(
        finding
        for rule in RULES
        if rule.check is not None and rule.holds_for(selection.version)
        for finding in rule.check(selection)
    )
