"""What Exchange says of its own databases, as far as it decides whether they can be cloned."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.exchange import ExchangeServer, ExchangeVersion, MailboxDatabase
from orchestrator.model.hosts import CheckStatus, HostCheck
from orchestrator.policy.exchange_commands import Task, next_step


def exchange_checks(server: ExchangeServer) -> Iterator[HostCheck]:
    """Judge each database of a server, and the copies of those that are replicated."""
    well = True
    for database in server.databases:
        for check in (
            *_not_offered(database, server.version),
            *_held(database, server.version),
            *_copies(database, server.version),
            *_circular(database, server.version),
        ):
            well = False
            yield check
    if well:
        dag = f" in {server.dag}" if server.dag else ""
        found = f"Exchange {server.version.value}, {len(server.databases)} databases{dag}, all of them well."
        yield HostCheck("Exchange databases", CheckStatus.GOOD, found)


def _not_offered(database: MailboxDatabase, version: ExchangeVersion) -> Iterator[HostCheck]:
    what = f"database {database.name}"
    if database.recovery:
        found = "It is a recovery database, which no writer offers."
        yield HostCheck(what, CheckStatus.WARNING, found, "Leave it out of jobs; clone its source instead.")
    elif not database.mounted:
        # Up to 2007 a storage group is cloned whole or not at all.
        whole = version.by_storage_group
        group = f", and with it all of {database.storage_group} cannot be cloned" if whole else ""
        found = f"It is dismounted: no writer offers it{group}."
        remedy = f"{next_step(Task.MOUNT, version, database)} Or leave it out of jobs."
        yield HostCheck(what, CheckStatus.BAD if whole else CheckStatus.WARNING, found, remedy)


def _held(database: MailboxDatabase, version: ExchangeVersion) -> Iterator[HostCheck]:
    if database.in_backup_by:
        found = f"{database.in_backup_by} holds it in backup; a second one would be refused (0x50d)."
        remedy = (
            f"{next_step(Task.BACKUP_STATUS, version, database)} Let the other backup end, or abort it; "
            "if nobody is at work, restart the service that owns the writer in a quiet moment. Never delete "
            "logs by hand."
        )
        yield HostCheck(f"backup of {database.name}", CheckStatus.BAD, found, remedy)


def _copies(database: MailboxDatabase, version: ExchangeVersion) -> Iterator[HostCheck]:
    if len(database.servers) > database.healthy_copies:
        found = f"{database.healthy_copies} of its {len(database.servers)} copies are healthy."
        remedy = (
            f"{next_step(Task.COPY_STATUS, version, database)} Resume or reseed what is not well. Until then "
            "logs are kept on every copy, and a clone must be verified before logs may go."
        )
        yield HostCheck(f"copies of {database.name}", CheckStatus.WARNING, found, remedy)


def _circular(database: MailboxDatabase, version: ExchangeVersion) -> Iterator[HostCheck]:
    if database.circular_logging:
        found = "Circular logging is on: a clone restores to its own moment only, and no log can follow it."
        step = next_step(Task.CIRCULAR_LOGGING_OFF, version, database)
        remedy = f"{step} For clones alone it may stay on."
        yield HostCheck(f"logs of {database.name}", CheckStatus.WARNING, found, remedy)
