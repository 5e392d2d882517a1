"""What an emulated Exchange server looks like: its host volumes, and how busy it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from uuid import NAMESPACE_OID, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import BadInput
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


class HostOptions(_Options):
    """One emulated server.

    Attributes:
        name: of the server.
        volumes: its host volumes beside the system's own.
        exchange: which Exchange's files its databases and logs look like: a key of `mailbox.forms.FORMS`.
        changes_per_s: of each database, at the most.
        changes_per_log: after so many, the next generation begins.
        clock_skew_s: the host's wall clock minus the machine's.
        faults: how it misbehaves from the start.
    """

    name: str = "EXCH01"
    volumes: tuple[LabVolume, ...] = ()
    exchange: Literal["2003", "2007", "2010", "2016"] = "2016"
    changes_per_s: float = Field(default=500.0, gt=0)
    changes_per_log: int = Field(default=1, ge=1, le=7)
    clock_skew_s: float = 0.0
    faults: tuple[Fault, ...] = ()

    @property
    def databases(self) -> tuple[str, ...]:
        """Names of the databases, in order."""
        return tuple(dict.fromkeys(name for volume in self.volumes for name in volume.databases))

    def log_base(self, database: str) -> str:
        """Return how the names of a database's logs begin."""
        return f"E{self.databases.index(database):02X}"

    def volume_of(self, database: str, role: VolumeRole) -> LabVolume | None:
        """Return the host volume with the files of that role of a database."""
        return next((one for one in self.volumes if one.role is role and database in one.databases), None)


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
