"""LUN identities as VSS hands them to a hardware provider: VDS_LUN_INFORMATION of vdslun.h. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from orchestrator.hosts.vss.provider.fields import Fields, counted


@dataclass(frozen=True, slots=True)
class StorageIdentifier:
    """One designator of SCSI page 83h.

    Attributes:
        code_set: 1 binary, 2 ASCII, 3 UTF-8.
        kind: VDS_STORAGE_IDENTIFIER_TYPE: 2 EUI-64, 3 NAA ("FCPHName"), 8 SCSI name string.
        value: the designator.
    """

    code_set: int
    kind: int
    value: bytes


@dataclass(frozen=True, slots=True)
class VdsLun:
    """What identifies a LUN.

    Attributes:
        version: of the structure, 1.
        device_type: SCSI peripheral device type, 0 for a disk.
        device_type_modifier: of the inquiry, mostly 0.
        command_queueing: whether it queues commands.
        bus_type: VDS_STORAGE_BUS_TYPE; VSS ignores it when it compares.
        vendor: of the inquiry.
        product: of the inquiry.
        revision: of the inquiry.
        serial: page 80h.
        disk_signature: of the partition table; nil for a target, which must not be taken for its source.
        identifiers_version: of the list below, 1.
        identifiers: page 83h, those that name the logical unit.
    """

    version: int
    device_type: int
    device_type_modifier: int
    command_queueing: bool
    bus_type: int
    vendor: bytes
    product: bytes
    revision: bytes
    serial: bytes
    disk_signature: UUID
    identifiers_version: int
    identifiers: tuple[StorageIdentifier, ...]


@dataclass(frozen=True, slots=True)
class DeviceLun:
    r"""A LUN, and the name by which Windows has it now.

    Attributes:
        device: like `\\?\scsi#...`; empty where the call has none.
        lun: its identity.
    """

    device: str
    lun: VdsLun


@dataclass(frozen=True, slots=True)
class BegunLuns:
    """A host volume, as its LUNs, that joins a set."""

    shadow_copy_id: UUID
    context: int
    luns: tuple[DeviceLun, ...]


def read_begun_luns(payload: bytes) -> BegunLuns:
    """Read the arguments of a hardware provider's BeginPrepareSnapshot.

    Raises:
        BadMessage: they are none.
    """
    fields = Fields(payload)
    begun = BegunLuns(fields.guid(), fields.signed(4), _luns(fields, devices=True))
    fields.end()
    return begun


def read_supported_luns(payload: bytes) -> tuple[int, tuple[DeviceLun, ...]]:
    """Read the arguments of AreLunsSupported: context and LUNs.

    Raises:
        BadMessage: they are none.
    """
    fields = Fields(payload)
    asked = fields.signed(4), _luns(fields, devices=True)
    fields.end()
    return asked


def read_luns(payload: bytes, devices: bool) -> tuple[DeviceLun, ...]:
    """Read a list of LUNs: of GetTargetLuns (with devices) or LocateLuns (without).

    Raises:
        BadMessage: it is none.
    """
    fields = Fields(payload)
    luns = _luns(fields, devices)
    fields.end()
    return luns


def read_device_lun(payload: bytes) -> DeviceLun:
    """Read the arguments of FillInLunInfo and OnLunEmpty.

    Raises:
        BadMessage: they are none.
    """
    fields = Fields(payload)
    one = DeviceLun(fields.text(), _lun(fields))
    fields.end()
    return one


def lun_bytes(lun: VdsLun) -> bytes:
    """Return a LUN identity as it is sent."""
    numbers = struct.pack(
        "<IBBII", lun.version, lun.device_type, lun.device_type_modifier, lun.command_queueing, lun.bus_type
    )
    names = b"".join(counted(name) for name in (lun.vendor, lun.product, lun.revision, lun.serial))
    head = struct.pack("<IH", lun.identifiers_version, len(lun.identifiers))
    return numbers + names + lun.disk_signature.bytes_le + head + _identifier_bytes(lun.identifiers)


def _identifier_bytes(identifiers: Sequence[StorageIdentifier]) -> bytes:
    return b"".join(struct.pack("<II", one.code_set, one.kind) + counted(one.value) for one in identifiers)


def _luns(fields: Fields, devices: bool) -> tuple[DeviceLun, ...]:
    count = fields.unsigned(2)
    return tuple(DeviceLun(fields.text() if devices else "", _lun(fields)) for _ in range(count))


def _lun(fields: Fields) -> VdsLun:
    return VdsLun(
        version=fields.unsigned(4),
        device_type=fields.unsigned(1),
        device_type_modifier=fields.unsigned(1),
        command_queueing=fields.unsigned(4) != 0,
        bus_type=fields.unsigned(4),
        vendor=fields.counted(),
        product=fields.counted(),
        revision=fields.counted(),
        serial=fields.counted(),
        disk_signature=fields.guid(),
        identifiers_version=fields.unsigned(4),
        identifiers=tuple(
            StorageIdentifier(fields.unsigned(4), fields.unsigned(4), fields.counted())
            for _ in range(fields.unsigned(2))
        ),
    )
