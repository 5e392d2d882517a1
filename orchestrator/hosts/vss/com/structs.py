"""Structures that cross the boundary, as 64-bit Windows lays them out. From vss.h, vsbackup.h, vdslun.h."""

from __future__ import annotations

import ctypes
from typing import ClassVar
from uuid import UUID


class GUID(ctypes.Structure):
    """A GUID in memory: three little-endian numbers and eight bytes, the order of `UUID.bytes_le`."""

    _fields_: ClassVar = [
        ("Data1", ctypes.c_uint32),
        ("Data2", ctypes.c_uint16),
        ("Data3", ctypes.c_uint16),
        ("Data4", ctypes.c_ubyte * 8),
    ]

    @classmethod
    def of(cls, value: UUID) -> GUID:
        """Return a copy of a UUID for a call."""
        return cls.from_buffer_copy(value.bytes_le)

    @property
    def uuid(self) -> UUID:
        """It, as Python knows it."""
        return UUID(bytes_le=bytes(self))


class SnapshotProp(ctypes.Structure):
    """VSS_SNAPSHOT_PROP. Its strings are freed by VssFreeSnapshotProperties."""

    _fields_: ClassVar = [
        ("m_SnapshotId", GUID),
        ("m_SnapshotSetId", GUID),
        ("m_lSnapshotsCount", ctypes.c_int32),
        ("m_pwszSnapshotDeviceObject", ctypes.c_void_p),
        ("m_pwszOriginalVolumeName", ctypes.c_void_p),
        ("m_pwszOriginatingMachine", ctypes.c_void_p),
        ("m_pwszServiceMachine", ctypes.c_void_p),
        ("m_pwszExposedName", ctypes.c_void_p),
        ("m_pwszExposedPath", ctypes.c_void_p),
        ("m_ProviderId", GUID),
        ("m_lSnapshotAttributes", ctypes.c_int32),
        ("m_tsCreationTimestamp", ctypes.c_int64),
        ("m_eStatus", ctypes.c_int32),
    ]


class ProviderProp(ctypes.Structure):
    """VSS_PROVIDER_PROP."""

    _fields_: ClassVar = [
        ("m_ProviderId", GUID),
        ("m_pwszProviderName", ctypes.c_void_p),
        ("m_eProviderType", ctypes.c_int32),
        ("m_pwszProviderVersion", ctypes.c_void_p),
        ("m_ProviderVersionId", GUID),
        ("m_ClassId", GUID),
    ]


class _ObjectUnion(ctypes.Union):
    _fields_: ClassVar = [("Snap", SnapshotProp), ("Prov", ProviderProp)]


class ObjectProp(ctypes.Structure):
    """VSS_OBJECT_PROP: which of the two the union holds stands in `Type` (VSS_OBJECT_TYPE)."""

    _fields_: ClassVar = [("Type", ctypes.c_int32), ("Obj", _ObjectUnion)]


class ComponentInfo(ctypes.Structure):
    """VSS_COMPONENTINFO. Belongs to the component, and goes back to it by FreeComponentInfo."""

    _fields_: ClassVar = [
        ("type", ctypes.c_int32),
        ("bstrLogicalPath", ctypes.c_void_p),
        ("bstrComponentName", ctypes.c_void_p),
        ("bstrCaption", ctypes.c_void_p),
        ("pbIcon", ctypes.c_void_p),
        ("cbIcon", ctypes.c_uint32),
        ("bRestoreMetadata", ctypes.c_ubyte),
        ("bNotifyOnBackupComplete", ctypes.c_ubyte),
        ("bSelectable", ctypes.c_ubyte),
        ("bSelectableForRestore", ctypes.c_ubyte),
        ("dwComponentFlags", ctypes.c_uint32),
        ("cFileCount", ctypes.c_uint32),
        ("cDatabases", ctypes.c_uint32),
        ("cLogFiles", ctypes.c_uint32),
        ("cDependencies", ctypes.c_uint32),
    ]


class StorageIdentifier(ctypes.Structure):
    """VDS_STORAGE_IDENTIFIER."""

    _fields_: ClassVar = [
        ("m_CodeSet", ctypes.c_int32),
        ("m_Type", ctypes.c_int32),
        ("m_cbIdentifier", ctypes.c_uint32),
        ("m_rgbIdentifier", ctypes.c_void_p),
    ]


class StorageDeviceIdDescriptor(ctypes.Structure):
    """VDS_STORAGE_DEVICE_ID_DESCRIPTOR."""

    _fields_: ClassVar = [
        ("m_version", ctypes.c_uint32),
        ("m_cIdentifiers", ctypes.c_uint32),
        ("m_rgIdentifiers", ctypes.c_void_p),
    ]


class Interconnect(ctypes.Structure):
    """VDS_INTERCONNECT."""

    _fields_: ClassVar = [
        ("m_addressType", ctypes.c_int32),
        ("m_cbPort", ctypes.c_uint32),
        ("m_pbPort", ctypes.c_void_p),
        ("m_cbAddress", ctypes.c_uint32),
        ("m_pbAddress", ctypes.c_void_p),
    ]


class LunInformation(ctypes.Structure):
    """VDS_LUN_INFORMATION. Whoever fills it allocates what it points to by CoTaskMemAlloc."""

    _fields_: ClassVar = [
        ("m_version", ctypes.c_uint32),
        ("m_DeviceType", ctypes.c_ubyte),
        ("m_DeviceTypeModifier", ctypes.c_ubyte),
        ("m_bCommandQueueing", ctypes.c_int32),
        ("m_BusType", ctypes.c_int32),
        ("m_szVendorId", ctypes.c_void_p),
        ("m_szProductId", ctypes.c_void_p),
        ("m_szProductRevision", ctypes.c_void_p),
        ("m_szSerialNumber", ctypes.c_void_p),
        ("m_diskSignature", GUID),
        ("m_deviceIdDescriptor", StorageDeviceIdDescriptor),
        ("m_cInterconnects", ctypes.c_uint32),
        ("m_rgInterconnects", ctypes.c_void_p),
    ]
