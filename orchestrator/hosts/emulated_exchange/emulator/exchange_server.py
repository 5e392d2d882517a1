"""What the emulated Exchange says of its databases, beyond what VSS shows."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.hosts.emulated_exchange.emulator.metadata import ServerMetadata
from orchestrator.model.exchange import ExchangeServer, MailboxDatabase


def exchange_server(metadata: ServerMetadata, in_backup: Mapping[str, str]) -> ExchangeServer:
    """Return what the server says of itself.

    Args:
        metadata: of the server.
        in_backup: which databases are in a backup, and what holds them.
    """
    options, tree = metadata.options, metadata.tree
    databases = tuple(
        MailboxDatabase(
            name=one.name,
            guid=tree.guid_of(one),
            storage_group=group.name if options.version.by_storage_group else "",
            role=one.role,
            mounted=one.mounted,
            recovery=one.recovery,
            circular_logging=one.circular_logging,
            servers=one.servers or (options.name,),
            healthy_copies=one.healthy,
            in_backup_by=in_backup.get(one.name, ""),
            last_full=one.last_full,
        )
        for group in options.groups
        for one in group.databases
    )
    return ExchangeServer(options.name, options.version, options.dag, databases)
