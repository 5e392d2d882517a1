"""What the emulated server's writers and storage look like to VSS, in the form of its Exchange version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

from orchestrator.hosts.emulated_exchange.emulator.component_tree import ExchangeTree, guid
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabDatabase, StorageGroup
from orchestrator.model.exchange import ExchangeServer, ExchangeVersion
from orchestrator.model.hosts import Component, HostIdentity, HostLun, HostVolume, Survey, WriterInstance
from orchestrator.model.time import Reading

# In-box VSS writers, Windows SDK; the Exchange id is what `vssadmin list writers` prints on Exchange servers,
# SQL Server's stands in the exclude list of Microsoft's VSSTester.
EXCHANGE_WRITER_ID: Final = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
SQL_WRITER_ID: Final = "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a"
SYSTEM_WRITER_ID: Final = "e8132975-6f93-4464-a53e-1050253ae220"
# In these, the Replication service has a writer of its own, under the same id.
WITH_REPLICA_WRITER: Final = (ExchangeVersion.EXCHANGE_2007, ExchangeVersion.EXCHANGE_2010)


@dataclass(slots=True)
class ServerMetadata:
    """One server's writers and storage. An instance id lives as long as the service behind it.

    Attributes:
        exchange: the writer of the store; since 2013 the only one of Exchange.
        others: all further writers.
    """

    options: HostOptions
    exchange: WriterInstance
    others: tuple[WriterInstance, ...]
    volumes_swapped: bool = False
    _offered: tuple[Component, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, options: HostOptions) -> ServerMetadata:
        """Return the metadata of a server whose services have just started."""
        others = [_writer(SYSTEM_WRITER_ID, "System Writer")]
        if options.sql_databases:
            others.insert(0, _writer(SQL_WRITER_ID, "SqlServerWriter"))
        if options.version in WITH_REPLICA_WRITER:
            others.insert(0, _writer(EXCHANGE_WRITER_ID, "Microsoft Exchange Replica Writer"))
        return cls(options, _writer(EXCHANGE_WRITER_ID, "Microsoft Exchange Writer"), tuple(others))

    @property
    def identity(self) -> HostIdentity:
        """Which host this is; the same after a restart."""
        host_id = guid(self.options.name, "")
        return HostIdentity(host_id, self.options.name, "Exchange Server (emulated)", emulated=True)

    @property
    def writers(self) -> tuple[WriterInstance, ...]:
        """Every writer."""
        return (self.exchange, *self.others)

    @property
    def tree(self) -> ExchangeTree:
        """What Exchange offers."""
        replica = next((one for one in self.others if one.writer_id == EXCHANGE_WRITER_ID), self.exchange)
        return ExchangeTree(self.options, self.exchange.instance_id, replica.instance_id)

    def survey(self, clock: Reading, exchange: ExchangeServer) -> Survey:
        """Return all of it."""
        nodes = self.options.cluster_nodes
        return Survey(self.writers, self.components(), self.host_volumes(), clock, exchange, nodes)

    def restart_writer(self, instance_id: str) -> None:
        """Give a writer a new instance, as a restart of its service does."""
        self.exchange = _restarted(self.exchange, instance_id)
        self.others = tuple(_restarted(one, instance_id) for one in self.others)
        self._offered = ()

    def restart(self) -> None:
        """Give every writer a new instance, as a restart of the host does."""
        for writer in self.writers:
            self.restart_writer(writer.instance_id)

    def describe(self, database: LabDatabase) -> None:
        """Let a database be as described from now on."""
        others = (one for one in self.options.mailbox_databases if one.name != database.name)
        self.options = self.options.model_copy(update={"mailbox_databases": (*others, database)})
        self._offered = ()

    def database(self, name: str) -> LabDatabase:
        """Return what there is to say of a database."""
        described = (one for one in self.options.mailbox_databases if one.name == name)
        return next(described, None) or LabDatabase(name=name)

    def without_exchange(self, survey: Survey) -> Survey:
        """Return what is seen while Exchange's writers do not answer."""
        return replace(
            survey,
            writers=tuple(one for one in survey.writers if one.writer_id != EXCHANGE_WRITER_ID),
            components=tuple(one for one in survey.components if one.instance_id not in self._exchange_ids),
        )

    def components(self) -> tuple[Component, ...]:
        """Return what the writers offer: what can be selected with all its files, and the parts of each."""
        if not self._offered:
            self._offered = (*self.tree.components(), *self._other_components())
        return self._offered

    def group_of(self, component: Component) -> StorageGroup | None:
        """Return the databases that a selectable component of Exchange is."""
        if not component.selectable or component.instance_id not in self._exchange_ids:
            return None
        return next((group for group in self.options.groups if group.name == component.caption), None)

    def host_volumes(self) -> tuple[HostVolume, ...]:
        """Return the host volumes: the system's own on a local disk, the others on LUNs."""
        volumes = self.options.volumes
        luns = [HostLun((volume.lun_id,)) for volume in volumes]
        if self.volumes_swapped and luns:
            luns[0], luns[-1] = luns[-1], luns[0]
        name = "\\\\?\\Volume{" + guid(self.options.name, "C:") + "}\\"
        system = HostVolume(name, ("C:\\",), (HostLun(("t10.ATA LOCAL DISK 0",)),))
        mounted = (
            HostVolume(one.volume_name, (one.mount_point,), (lun,), one.layout, one.complete)
            for one, lun in zip(volumes, luns, strict=True)
        )
        return (system, *mounted)

    @property
    def _exchange_ids(self) -> tuple[str, ...]:
        return tuple(one.instance_id for one in self.writers if one.writer_id == EXCHANGE_WRITER_ID)

    def _other_components(self) -> Iterator[Component]:
        ids = {one.writer_id: one.instance_id for one in self.others}
        for one in self.options.sql_databases:
            files = (f"{one.folder}{one.name}.mdf", f"{one.folder}{one.name}.ldf")
            yield Component(ids[SQL_WRITER_ID], self.options.name, one.name, one.name, True, files)
        system = ("C:\\Windows\\System32\\ntoskrnl.exe",)
        yield Component(ids[SYSTEM_WRITER_ID], "", "System Files", "System Files", False, system)


def _writer(writer_id: str, name: str) -> WriterInstance:
    return WriterInstance(writer_id, str(uuid4()), name)


def _restarted(writer: WriterInstance, instance_id: str) -> WriterInstance:
    return replace(writer, instance_id=str(uuid4())) if writer.instance_id == instance_id else writer
