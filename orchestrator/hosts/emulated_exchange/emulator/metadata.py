"""What the emulated server's writers and storage look like to VSS, as Exchange 2010 and later report them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import NAMESPACE_DNS, uuid4, uuid5

from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import FORMS
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, VolumeRole
from orchestrator.model.hosts import Component, HostIdentity, HostLun, HostVolume, Survey, WriterInstance
from orchestrator.model.time import Reading

# In-box VSS writers, Windows SDK; the Exchange id is what `vssadmin list writers` prints on Exchange servers.
EXCHANGE_WRITER_ID: Final = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
SYSTEM_WRITER_ID: Final = "e8132975-6f93-4464-a53e-1050253ae220"


@dataclass(slots=True)
class ServerMetadata:
    """One server's writers and storage. An instance id lives as long as the service behind it."""

    options: HostOptions
    exchange: WriterInstance
    system: WriterInstance
    volumes_swapped: bool = False

    @classmethod
    def of(cls, options: HostOptions) -> ServerMetadata:
        """Return the metadata of a server whose services have just started."""
        return cls(
            options,
            WriterInstance(EXCHANGE_WRITER_ID, str(uuid4()), "Microsoft Exchange Writer"),
            WriterInstance(SYSTEM_WRITER_ID, str(uuid4()), "System Writer"),
        )

    @property
    def identity(self) -> HostIdentity:
        """Which host this is; the same after a restart."""
        return HostIdentity(self._guid(""), self.options.name, "Exchange Server (emulated)", emulated=True)

    def survey(self, clock: Reading) -> Survey:
        """Return all of it."""
        return Survey((self.exchange, self.system), self.components(), self.host_volumes(), clock)

    def restart_exchange(self) -> None:
        """Give the Exchange writer a new instance, as a restart of its service does."""
        self.exchange = replace(self.exchange, instance_id=str(uuid4()))

    def components(self) -> tuple[Component, ...]:
        """Return what the writers offer: databases with all their files, and the parts of each."""
        system_files = ("C:\\Windows\\System32\\ntoskrnl.exe",)
        system = Component(self.system.instance_id, "", "System Files", "System Files", False, system_files)
        databases = (one for name in self.options.databases for one in self._database(name))
        return (*databases, system)

    def host_volumes(self) -> tuple[HostVolume, ...]:
        """Return the host volumes: the system's own on a local disk, the others on LUNs."""
        volumes = self.options.volumes
        luns = [HostLun((volume.lun_id,)) for volume in volumes]
        if self.volumes_swapped and luns:
            luns[0], luns[-1] = luns[-1], luns[0]
        system = HostVolume(
            "\\\\?\\Volume{" + self._guid("C:") + "}\\", ("C:\\",), (HostLun(("t10.ATA LOCAL DISK 0",)),)
        )
        mounted = (
            HostVolume(one.volume_name, (one.mount_point,), (lun,), one.layout, one.complete)
            for one, lun in zip(volumes, luns, strict=True)
        )
        return (system, *mounted)

    def database_of(self, component: Component) -> str | None:
        """Return the database that a selectable component is."""
        return component.caption if component.caption in self.options.databases else None

    def _database(self, name: str) -> Iterator[Component]:
        path = rf"Microsoft Exchange Server\Microsoft Information Store\{self.options.name}"
        guid, instance_id = self._guid(name), self.exchange.instance_id
        base = self.options.log_base(name)
        streaming = (f"{name}.stm",) if FORMS[self.options.exchange].streaming else ()
        database = self._files(name, VolumeRole.DATABASE, f"{name}.edb", *streaming)
        logs = self._files(name, VolumeRole.LOG, f"{base}.log", f"{base}*.log", f"{base}.chk")
        yield Component(instance_id, path, guid, name, True, (*database, *logs))
        yield Component(instance_id, rf"{path}\{guid}", "File", f"{name} File", False, database)
        yield Component(instance_id, rf"{path}\{guid}", "Logs", f"{name} Logs", False, logs)

    def _files(self, database: str, role: VolumeRole, *names: str) -> tuple[str, ...]:
        volume = self.options.volume_of(database, role)
        root = volume.mount_point if volume is not None else "C:\\Lost\\"
        return tuple(f"{root}{database}\\{name}" for name in names)

    def _guid(self, what: str) -> str:
        return str(uuid5(NAMESPACE_DNS, f"{self.options.name}/{what}"))
