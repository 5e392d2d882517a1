"""Exchange servers as their writers and they themselves describe them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import NAMESPACE_DNS, uuid5

from orchestrator.model.exchange import CopyRole, ExchangeServer, ExchangeVersion, MailboxDatabase
from orchestrator.model.hosts import Component, HostVolume, Survey, WriterInstance
from orchestrator.policy.exchange_databases import Selection
from orchestrator.policy.reasons import Finding
from orchestrator.policy.truncation import BackupType
from tests.facts import ours

EXCHANGE_ID = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
STORE = WriterInstance(EXCHANGE_ID, "store-1", "Microsoft Exchange Writer")
REPLICA = WriterInstance(EXCHANGE_ID, "replica-1", "Microsoft Exchange Replica Writer")
SQL = WriterInstance("A65FAA63-5EA8-4EBC-9DBD-A0C4DB26912A", "sql-1", "SqlServerWriter")

TABLES = Component("sql-1", r"EX01\SQL", "crm", "crm", True, (r"S:\crm.mdf",))


def guid(name: str) -> str:
    """Return the GUID of a database or storage group of that name."""
    return str(uuid5(NAMESPACE_DNS, name))


def database(name: str, **facts: object) -> MailboxDatabase:
    """Return a database in good order unless told otherwise."""
    return MailboxDatabase(name, guid(name), **facts)  # type: ignore[arg-type]  # the keywords are its own


def path(server: str, role: CopyRole = CopyRole.ACTIVE) -> str:
    replica = "Replica\\" if role is CopyRole.PASSIVE else ""
    return rf"Microsoft Exchange Server\Microsoft Information Store\{replica}{server}"


def component(
    name: str, server: str = "EX01", *, role: CopyRole = CopyRole.ACTIVE, owner: str = "store-1"
) -> Component:
    """Return what can be selected: one database (one storage group) with its files."""
    files = (rf"E:\{name}\{name}.edb", rf"L:\{name}\E00*.log", rf"L:\{name}\E00.chk")
    return Component(owner, path(server, role), guid(name), name, True, files)


def member(name: str, group: str, server: str = "EX01") -> Component:
    """Return a database inside a storage group."""
    return Component(
        "store-1", rf"{path(server)}\{guid(group)}", guid(name), name, False, (rf"E:\{group}\{name}.edb",)
    )


def server(
    *databases: MailboxDatabase,
    version: ExchangeVersion = ExchangeVersion.EXCHANGE_2016,
    name: str = "EX01",
    components: Iterable[Component] | None = None,
    host_volumes: tuple[HostVolume, ...] = (),
    cluster_nodes: tuple[str, ...] = (),
) -> Survey:
    """Return a server; it offers its mounted databases, or its storage groups, unless told otherwise."""
    offered = [
        component(one.name, name, role=one.role)
        for one in databases
        if one.mounted and not one.recovery and not version.by_storage_group
    ]
    groups = dict.fromkeys(one.storage_group for one in databases if one.storage_group and not one.recovery)
    for group in groups:
        offered.append(component(group, name))
        offered += [
            member(one.name, group) for one in databases if one.storage_group == group and one.mounted
        ]
    return Survey(
        writers=(STORE, REPLICA, SQL),
        components=tuple(offered if components is None else components),
        host_volumes=host_volumes,
        clock=ours(-60.0),
        exchange=ExchangeServer(name, version, "DAG1", databases),
        cluster_nodes=cluster_nodes,
    )


def all_of(survey: Survey, backup_type: BackupType = BackupType.COPY) -> Selection:
    """Select whatever can be selected."""
    return Selection(tuple(one for one in survey.components if one.selectable), survey, backup_type)


def said(findings: Iterable[Finding]) -> list[tuple[str, str, bool]]:
    """Return what findings are, without their words."""
    return [(one.code, one.subject, one.fatal) for one in findings]
