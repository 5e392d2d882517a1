"""FlashArray's words and ours: rows as the array lists them, identities, names, times. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.model.arrays import ArrayVolume, CutMember, ObjectKind, ObjectState, OwnedObject
from orchestrator.model.names import PRODUCT_PREFIX, ObjectNames

SUFFIX: Final = "cut"
VOID: Final = "-void"  # added to the name of a protection group of ours that SafeMode will not let go

RATCHETED: Final = "ratcheted"  # retention lock of a protection group under SafeMode

# Roles that may do all that a run needs (Purity's four: array_admin, storage_admin, ops_admin, readonly).
SUFFICIENT_ROLES: Final = ("storage_admin", "array_admin")

# Names and serials travel in the query: 32 of them stay well below the 8 KiB that a request line may have.
_BATCH: Final = 32

# Full name of a volume snapshot (OpenStack Cinder's driver: MAX_SNAP_LENGTH).
MAX_REPLICA_NAME: Final = 96

RESOURCES: Final = {
    ObjectKind.CONSISTENCY_GROUP: "protection-groups",
    ObjectKind.CUT: "protection-group-snapshots",
    ObjectKind.CLONE: "volumes",
}

# SCSI: VPD page 83h, NAA type 6, Pure's company id 24a937, then 0, then the serial. NVMe: the same id after
# the serial's first 14 digits (`purefa_info.py` of the vendor's Ansible collection).
_NAA: Final = re.compile(r"naa\.624a9370([0-9a-f]{24})")
_EUI: Final = re.compile(r"eui\.00([0-9a-f]{14})24a937([0-9a-f]{10})")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Row(BaseModel):
    """One item of a listing. Types are checked, unknown fields are not ours, null is as good as absent."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, item: object) -> object:
        """Leave out nulls: that is how the array shows what is unset, and what an account may not see."""
        if not isinstance(item, dict):
            return item
        return {key: value for key, value in item.items() if value is not None}


class Reference(Row):
    """Another object; empty where there is none."""

    id: str | None = None
    name: str | None = None


class SourceRow(Row):
    """An array volume, by its immutable id."""

    id: str


class VersionsRow(Row):
    """The REST versions that the array speaks."""

    version: list[str]


class LoginRow(Row):
    """Whose API token it was."""

    username: str | None = None


class PageRow(Row):
    """One page of a listing."""

    items: list[object]
    more_items_remaining: bool = False
    continuation_token: str | None = None


class SpaceRow(Row):
    """Bytes in use, `total_used` on newer versions."""

    total_physical: int | None = None
    total_used: int | None = None


class ArrayRow(Row):
    """The array itself."""

    id: str
    name: str
    version: str
    os: str = "Purity"
    as_of: int | None = Field(default=None, alias="_as_of")
    capacity: int | None = None
    space: SpaceRow = SpaceRow()


class KeptRow(Row):
    """What a protection group, its snapshot, and a volume have in common."""

    name: str
    id: str | None = None  # protection groups have none before REST 2.13
    destroyed: bool = False
    retention_lock: str | None = None

    @property
    def object_id(self) -> str:
        """The immutable id; the name where the version knows none."""
        return self.id or self.name


class VolumeRow(Row):
    """An array volume."""

    id: str
    name: str
    serial: str
    provisioned: int
    created: int
    destroyed: bool = False
    promotion_status: str = "promoted"
    subtype: str = "regular"
    pod: Reference = Reference()
    source: Reference = Reference()


class ReplicaRow(Row):
    """A volume snapshot."""

    id: str
    name: str
    serial: str
    created: int
    source: SourceRow
    destroyed: bool = False


class MembershipRow(Row):
    """One array volume in one protection group."""

    member: SourceRow


class ConnectionRow(Row):
    """One array volume, presented to one host, directly or as one of a host group."""

    volume: Reference
    host: Reference = Reference()
    host_group: Reference = Reference()


class HostRow(Row):
    """A host object. Hosts have no id."""

    name: str


class TrialRow(Row):
    """The outcome of a dry run."""

    success: bool
    result_details: str | None = None


class AdminRow(Row):
    """An account and its role."""

    name: str
    role: Reference = Reference()


def cut_name(names: ObjectNames) -> str:
    """Return what the cut of an attempt is called: the protection group's name and our suffix."""
    return f"{names.stem}.{SUFFIX}"


def clone_name(names: ObjectNames, number: int) -> str:
    """Return what the n-th clone of an attempt is called."""
    return f"{names.stem}-{number}"


def where(field: str, *values: str) -> str:
    """Return a filter that lets through what equals one of the values; `*` stands for anything."""
    if any("'" in value for value in values):
        raise ValueError("a value of a filter holds no quotes")
    return " or ".join(f"{field}='{value}'" for value in values)


def serial_of(lun_id: str) -> str | None:
    """Return the serial in a LUN identity; None when it is not one of this vendor's."""
    match = _NAA.fullmatch(lun_id.lower()) or _EUI.fullmatch(lun_id.lower())
    return "".join(match.groups()).upper() if match else None


def lun_id_of(serial: str) -> str:
    """Return the LUN identity that a host reads from an array volume with this serial."""
    return f"naa.624a9370{serial.lower()}"


def device_name_of(serial: str) -> str:
    """Return how udev calls the SCSI device of an array volume with this serial, in /dev/disk/by-id."""
    return f"wwn-0x624a9370{serial.lower()}"


def instant_of(epoch_ms: int) -> datetime:
    """Return the instant, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=epoch_ms)


def clock_of(row: ArrayRow, http_date: str) -> tuple[datetime, float]:
    """Return the array's wall clock and its grain in seconds.

    The array says milliseconds from REST 2.26 on; before that there is only the date of the HTTP answer.

    Raises:
        ValueError: it says neither.
    """
    if row.as_of is not None:
        return instant_of(row.as_of), 0.001
    return parsedate_to_datetime(http_date).astimezone(UTC), 1.0


def is_full(row: ArrayRow) -> bool:
    """Whether the array has no bytes left; False where the account may not see that."""
    used = row.space.total_physical if row.space.total_used is None else row.space.total_used
    return row.capacity is not None and used is not None and used >= row.capacity


def array_volume(row: VolumeRow) -> ArrayVolume:
    """Return the array volume."""
    return ArrayVolume(row.id, row.name, lun_id_of(row.serial), row.provisioned, ours=_is_ours(row))


def unsupported(row: VolumeRow, names: ObjectNames) -> str | None:
    """Say why this array volume cannot be in a cut of ours; None when it can."""
    if row.pod.name:
        return f"it is in the pod {row.pod.name}, and our protection groups are outside pods"
    if row.promotion_status != "promoted":
        return f"it is {row.promotion_status}: a target of replication, not a source"
    if row.subtype != "regular":
        return f"it is a {row.subtype}, which holds no data of its own"
    if len(f"{cut_name(names)}.{row.name}") > MAX_REPLICA_NAME:
        return f"its name is too long: that of its replica would have more than {MAX_REPLICA_NAME} characters"
    return None


def is_clone_of(row: VolumeRow, member: CutMember) -> bool:
    """Whether a volume is what cloning this replica made: the array names the replica's own source."""
    return (
        not row.destroyed
        and row.source.id == member.source_volume_id
        and instant_of(row.created) >= member.cut_at
    )


def cut_member(row: ReplicaRow) -> CutMember:
    """Return the replica as a member of a cut. It has no LUN identity before it is cloned."""
    return CutMember(row.source.id, row.id, row.name, instant_of(row.created))


def owned_object(kind: ObjectKind, row: KeptRow) -> OwnedObject:
    """Return an object of ours; void once it is destroyed, or renamed because it cannot be."""
    void = row.destroyed or (kind is ObjectKind.CONSISTENCY_GROUP and row.name.endswith(VOID))
    state = ObjectState.VOID_PENDING if void else ObjectState.LIVE
    return OwnedObject(kind, row.object_id, row.name, state)


def is_named_by_us(name: str | None) -> bool:
    """Whether an object bears a name of ours: we make none in pods or volume groups."""
    return bool(name) and str(name).startswith(f"{PRODUCT_PREFIX}-")


def batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return names or serials in portions that a request line can hold."""
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _is_ours(row: VolumeRow) -> bool:
    origins = (row.name, row.source.name or "")
    return any(re.split(r"::|/", name)[-1].startswith(f"{PRODUCT_PREFIX}-") for name in origins)
