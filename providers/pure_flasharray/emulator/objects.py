"""What the array keeps. An object that is destroyed stays, with its name, until it is eradicated."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4


def _new_id() -> str:
    return str(uuid4())


@dataclass(slots=True, kw_only=True, eq=False)
class Kept:
    """Anything with a name. `eradicates_at_ms` is set while it is destroyed and pending eradication."""

    name: str
    object_id: str = field(default_factory=_new_id)
    eradicates_at_ms: int | None = None

    @property
    def destroyed(self) -> bool:
        """Whether it is pending eradication."""
        return self.eradicates_at_ms is not None

    @property
    def reference(self) -> dict[str, str]:
        """How other objects' answers speak of it."""
        return {"id": self.object_id, "name": self.name}


@dataclass(slots=True, kw_only=True, eq=False)
class ArrayVolume(Kept):
    """A volume. `origin` is the reference of the volume it was copied from, empty when made new."""

    serial: str
    provisioned: int
    path: Path
    created_ms: int
    origin: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class ProtectionGroup(Kept):
    """A consistency group of volumes, under SafeMode when `ratcheted`."""

    members: list[ArrayVolume] = field(default_factory=list)
    ratcheted: bool = False
    source_retention: dict[str, int] = field(
        default_factory=lambda: {"all_for_sec": 86_400, "days": 7, "per_day": 4}
    )


@dataclass(slots=True, kw_only=True, eq=False)
class ProtectionGroupSnapshot(Kept):
    """One cut of a protection group."""

    source: ProtectionGroup
    suffix: str
    created_ms: int


@dataclass(slots=True, kw_only=True, eq=False)
class VolumeSnapshot(Kept):
    """One replica. `part_of` is the protection group's cut it belongs to, None when cut by itself."""

    source: ArrayVolume
    suffix: str
    serial: str
    provisioned: int
    path: Path
    created_ms: int
    part_of: ProtectionGroupSnapshot | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class HostGroup(Kept):
    """Hosts with connections in common."""


@dataclass(slots=True, kw_only=True, eq=False)
class Host(Kept):
    """A host by its initiators."""

    ports: dict[str, list[str]]
    settings: dict[str, Any] = field(default_factory=dict)
    belongs_to: HostGroup | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """A volume presented to a host or to a host group."""

    peer: Host | HostGroup
    volume: ArrayVolume
    lun: int


@dataclass(slots=True, kw_only=True, eq=False)
class Admin(Kept):
    """An account: `array_admin`, `storage_admin`, `ops_admin` or `readonly`."""

    role: str
    api_token: str = field(default="", repr=False)
    token_created_ms: int = 0
    token_expires_ms: int | None = None
