"""What an emulated Exchange server looks like: its host volumes, and how busy it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self
from uuid import NAMESPACE_OID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestrator.errors import BadInput
from orchestrator.model.exchange import CopyRole, ExchangeVersion
from orchestrator.model.hosts import DiskLayout
from orchestrator.plugin import Fault


class VolumeRole(StrEnum):
    """What a host volume is for."""

    DATABASE = "database"
    LOG = "log"
    OTHER = "other"


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabVolume(_Options):
    r"""A host volume and the array volume it lies on.

    Attributes:
        mount_point: with a backslash at its end, "D:\\" or "C:\\Volumes\\DB09\\".
        databases: those whose files of that role lie here.
        path: file that holds the array volume's bytes; None: nothing is written.
        lock: the array's lock file, held shared for each write.
        complete: whether the host knows every LUN behind it.
    """

    mount_point: str = Field(pattern=r"\\$")
    role: VolumeRole
    lun_id: str
    databases: tuple[str, ...] = ()
    path: Path | None = None
    lock: Path | None = None
    layout: DiskLayout = DiskLayout.BASIC
    complete: bool = True

    @property
    def volume_name(self) -> str:
        """The host's own unique name for it."""
        return rf"\\?\Volume{{{uuid5(NAMESPACE_OID, self.mount_point + self.lun_id)}}}" "\\"


class LabDatabase(_Options):
    """What is special about a mailbox database; one that is not described is mounted, and alone.

    Attributes:
        name: of the database.
        storage_group: up to 2007; the database's own name if left out.
        mounted: False for one that nobody can use at the moment.
        recovery: a recovery database, or one of a recovery storage group.
        circular_logging: logs are overwritten without any backup.
        role: of the copy on this server.
        servers: of every server with a copy, this one included; none where nothing is replicated.
        healthy_copies: how many of them replay and lag behind in nothing; all if left out.
        last_full: when a full backup was last completed.
    """

    name: str
    storage_group: str = ""
    mounted: bool = True
    recovery: bool = False
    circular_logging: bool = False
    role: CopyRole = CopyRole.ACTIVE
    servers: tuple[str, ...] = ()
    healthy_copies: int | None = Field(default=None, ge=0)
    last_full: AwareDatetime | None = None

    @property
    def group(self) -> str:
        """The name of its storage group."""
        return self.storage_group or self.name

    @property
    def listed(self) -> bool:
        """Whether a writer offers it for backup."""
        return self.mounted and not self.recovery

    @property
    def healthy(self) -> int:
        """How many copies are healthy."""
        return max(1, len(self.servers)) if self.healthy_copies is None else self.healthy_copies

    @property
    def replay_behind(self) -> bool:
        """Whether a copy has not replayed all logs."""
        return self.healthy < len(self.servers)


class SqlDatabase(_Options):
    r"""A database of SQL Server: two files in a folder ("S:\\MSSQL\\")."""

    name: str
    folder: str = Field(pattern=r"\\$")


class StorageGroup(NamedTuple):
    """What can be selected for a backup up to 2007; since then, each database by itself."""

    name: str
    databases: tuple[LabDatabase, ...]


class HostOptions(_Options):
    """One emulated server.

    Attributes:
        name: of the server.
        volumes: its host volumes beside the system's own.
        exchange: decides the writers, their components, and what databases and logs look like.
        mailbox_databases: those about which there is something to say; others are named by `volumes`.
        sql_databases: what a SQL Server on the same machine offers; its writer is there if one is.
        dag: name of its database availability group.
        cluster_nodes: of the cluster that owns its disks.
        changes_per_s: of each database, at the most.
        changes_per_log: after so many, the next generation begins.
        clock_skew_s: the host's wall clock minus the machine's.
        faults: how it misbehaves from the start.
    """

    name: str = "EXCH01"
    volumes: tuple[LabVolume, ...] = ()
    exchange: Literal["2003", "2007", "2010", "2013", "2016", "2019"] = "2016"
    mailbox_databases: tuple[LabDatabase, ...] = ()
    sql_databases: tuple[SqlDatabase, ...] = ()
    dag: str = ""
    cluster_nodes: tuple[str, ...] = ()
    changes_per_s: float = Field(default=500.0, gt=0)
    changes_per_log: int = Field(default=1, ge=1, le=7)
    clock_skew_s: float = 0.0
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        described = [one.name for one in self.mailbox_databases]
        if len(set(described)) < len(described):
            raise ValueError("a mailbox database is described twice")
        if not self.version.by_storage_group and any(one.storage_group for one in self.mailbox_databases):
            raise ValueError("storage groups exist up to Exchange 2007")
        shared = {one.name for group in self.groups if len(group.databases) > 1 for one in group.databases}
        if any(volume.path and shared & set(volume.databases) for volume in self.volumes):
            raise ValueError("databases that share a storage group, and so its logs, cannot have bytes here")
        return self

    @property
    def version(self) -> ExchangeVersion:
        """Which Exchange."""
        return ExchangeVersion(int(self.exchange))

    @property
    def form(self) -> str:
        """The key in `mailbox.forms.FORMS` of what its files look like: alike since the logs of 2013."""
        return self.exchange if self.version < ExchangeVersion.EXCHANGE_2013 else "2016"

    @property
    def databases(self) -> tuple[str, ...]:
        """Names of the databases, in order."""
        on_volumes = (name for volume in self.volumes for name in volume.databases)
        return tuple(dict.fromkeys((*on_volumes, *(one.name for one in self.mailbox_databases))))

    @property
    def groups(self) -> tuple[StorageGroup, ...]:
        """What can be selected, in order."""
        described = {one.name: one for one in self.mailbox_databases}
        members: dict[str, list[LabDatabase]] = {}
        for name in self.databases:
            database = described.get(name) or LabDatabase(name=name)
            members.setdefault(database.group, []).append(database)
        return tuple(StorageGroup(name, tuple(databases)) for name, databases in members.items())

    def log_base(self, database: str) -> str:
        """Return how the names of a database's logs begin."""
        groups = [index for index, group in enumerate(self.groups) if database in _names(group)]
        return f"E{groups[0]:02X}"

    def volume_of(self, database: str, role: VolumeRole) -> LabVolume | None:
        """Return the host volume with the files of that role of a database."""
        return next((one for one in self.volumes if one.role is role and database in one.databases), None)


def _names(group: StorageGroup) -> tuple[str, ...]:
    return tuple(database.name for database in group.databases)


def read_options(settings: Mapping[str, Any]) -> HostOptions:
    """Read options as JSON has them.

    Raises:
        BadInput: they do not fit.
    """
    try:
        return HostOptions.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadInput(
            "input.bad-settings",
            first["msg"],
            subject=".".join(str(part) for part in first["loc"]) or "emulated host",
        ) from None
