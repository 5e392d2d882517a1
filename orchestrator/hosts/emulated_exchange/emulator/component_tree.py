r"""The components that Exchange's writers offer, in the form of each version.

The path from `Microsoft Information Store\` on, GUIDs as names, and one `Logs` component a log stream are
those of the Exchange 2013 SDK ("Types of backup operations"); 2003 and 2007 follow the same scheme with a
storage group in the place of the database, as MSDN and recollection have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import NAMESPACE_DNS, uuid5

from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import FORMS
from orchestrator.hosts.emulated_exchange.emulator.options import (
    HostOptions,
    LabDatabase,
    StorageGroup,
    VolumeRole,
)
from orchestrator.model.exchange import CopyRole, ExchangeVersion
from orchestrator.model.hosts import Component


@dataclass(frozen=True, slots=True)
class ExchangeTree:
    """What the writers of one server offer.

    Attributes:
        store_id: instance that speaks for the active copies.
        replica_id: instance that speaks for the passive ones; the same since 2013.
    """

    options: HostOptions
    store_id: str
    replica_id: str

    def components(self) -> Iterator[Component]:
        """Return what can be selected, each followed by its parts. What is not mounted is missing."""
        for group in self.options.groups:
            for role in CopyRole:
                listed = tuple(one for one in group.databases if one.listed and one.role is role)
                if listed:
                    yield from self._group(StorageGroup(group.name, listed), role)

    def guid_of(self, database: LabDatabase) -> str:
        """Return the GUID of a database; its copies share it."""
        owner = self.options.dag if database.servers else self.options.name
        return guid(owner, database.name)

    def _group(self, group: StorageGroup, role: CopyRole) -> Iterator[Component]:
        by_group = self.options.version.by_storage_group
        own = guid(self.options.name, group.name) if by_group else self.guid_of(group.databases[0])
        instance_id = self.store_id if role is CopyRole.ACTIVE else self.replica_id
        path = self._path(role)
        logs = self._logs(group.databases[0].name)
        files = {one.name: self._database_files(one.name) for one in group.databases}
        everything = (*(file for each in files.values() for file in each), *logs)
        yield Component(instance_id, path, own, group.name, True, everything)
        for database in group.databases:
            name = self.guid_of(database) if by_group else "File"
            caption = database.name if database.name != group.name else f"{database.name} File"
            yield Component(instance_id, rf"{path}\{own}", name, caption, False, files[database.name])
        yield Component(instance_id, rf"{path}\{own}", "Logs", f"{group.name} Logs", False, logs)

    def _path(self, role: CopyRole) -> str:
        old = self.options.version is ExchangeVersion.EXCHANGE_2003
        root = "Exchange Server" if old else "Microsoft Exchange Server"
        replica = "Replica\\" if role is CopyRole.PASSIVE else ""
        return rf"{root}\Microsoft Information Store" "\\" rf"{replica}{self.options.name}"

    def _database_files(self, name: str) -> tuple[str, ...]:
        streaming = (f"{name}.stm",) if FORMS[self.options.form].streaming else ()
        return self._files(name, VolumeRole.DATABASE, f"{name}.edb", *streaming)

    def _logs(self, database: str) -> tuple[str, ...]:
        base = self.options.log_base(database)
        return self._files(database, VolumeRole.LOG, f"{base}.log", f"{base}*.log", f"{base}.chk")

    def _files(self, database: str, role: VolumeRole, *names: str) -> tuple[str, ...]:
        volume = self.options.volume_of(database, role)
        root = volume.mount_point if volume is not None else "C:\\Lost\\"
        return tuple(f"{root}{database}\\{name}" for name in names)


def guid(owner: str, what: str) -> str:
    """Return the GUID of something that somebody owns; the same after a restart."""
    return str(uuid5(NAMESPACE_DNS, f"{owner}/{what}"))
