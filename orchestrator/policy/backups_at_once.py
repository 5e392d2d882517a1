"""How many backups a host and a database bear at once, and who is in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.model.exchange import ExchangeVersion
from orchestrator.policy.exchange_commands import Task, next_step
from orchestrator.policy.exchange_databases import Selection, same_name
from orchestrator.policy.reasons import Finding


@dataclass(frozen=True, slots=True)
class HostUse:
    """A set of ours on the same host whose session is not over.

    Attributes:
        run: its id.
        creating: VSS has not finished the set yet: from its start to the end of DoSnapshotSet.
        databases: captions of what it holds in backup.
    """

    run: str
    creating: bool
    databases: tuple[str, ...]


def not_in_backup(selection: Selection) -> Iterator[Finding]:
    """Exchange lets one backup of a database run at a time, copy backups included (event 9607)."""
    version = selection.version
    for copy in selection.copies:
        if version is not None and copy.in_backup_by:
            text = (
                f"It is held in backup by {copy.in_backup_by}. {next_step(Task.BACKUP_STATUS, version, copy)}"
            )
            yield Finding("policy.database-in-backup", copy.name, text)


def check_host_free(host: str, selection: Selection, uses: Sequence[HostUse]) -> tuple[Finding, ...]:
    """Refuse what would run into one of our own sets on that host.

    Args:
        host: as registered.
        selection: what is to be backed up.
        uses: sets on that host that are open now.
    """
    return tuple(finding for use in uses for finding in _in_the_way(host, selection, use))


def _in_the_way(host: str, selection: Selection, use: HostUse) -> Iterator[Finding]:
    if use.creating:
        # StartSnapshotSet would answer VSS_E_SNAPSHOT_SET_IN_PROGRESS, 0x80042316.
        text = f"Run {use.run} is making a set on it, and VSS makes one at a time."
        yield Finding("policy.host-busy", host, text)
    elif selection.version is ExchangeVersion.EXCHANGE_2003 and selection.of_exchange:
        text = f"Run {use.run} has not ended its backup there, and Exchange 2003 bears one at a time."
        yield Finding("policy.host-busy", host, text)
    for component in selection.components:
        if any(same_name(component.caption, held) for held in use.databases):
            text = f"Run {use.run} holds it in backup until it has ended."
            yield Finding("policy.database-in-backup", component.caption, text)
