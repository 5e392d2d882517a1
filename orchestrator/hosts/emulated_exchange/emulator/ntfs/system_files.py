"""What a fresh volume holds: the system's own files, and the root folder that names them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from orchestrator.hosts.emulated_exchange.emulator.ntfs.attribute_definitions import attribute_definitions
from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import (
    Flag,
    Namespace,
    Type,
    file_name,
    nonresident,
    resident,
    standard_information,
)
from orchestrator.hosts.emulated_exchange.emulator.ntfs.boot_sector import boot_sector
from orchestrator.hosts.emulated_exchange.emulator.ntfs.cluster_map import ClusterMap
from orchestrator.hosts.emulated_exchange.emulator.ntfs.folder import Folder
from orchestrator.hosts.emulated_exchange.emulator.ntfs.geometry import Geometry
from orchestrator.hosts.emulated_exchange.emulator.ntfs.master_file_table import (
    FIRST_OWN,
    FIRST_RESERVED,
    FIRST_SYSTEM_FREE,
    MasterFileTable,
)
from orchestrator.hosts.emulated_exchange.emulator.ntfs.records import IN_USE, VIEW_INDEX
from orchestrator.hosts.emulated_exchange.emulator.ntfs.security import by_hash, by_number, descriptors
from orchestrator.hosts.emulated_exchange.emulator.ntfs.upper_case import order_of, upper_case_table

Write = Callable[[int, bytes], None]

# A $LogFile of nothing but ones is a clean one that nobody has begun to use; drivers want 50 pages at least.
LOG_BYTES: Final = 256 << 10
BOOT_BYTES: Final = 8192
MIRRORED: Final = 4
ROOT: Final = 5
EXTEND: Final = 11


class SystemFile(NamedTuple):
    """One of them: number, name, its attributes after the first two, and what the folder says of its size."""

    number: int
    name: str
    attributes: tuple[bytes, ...]
    allocated: int = 0
    size: int = 0
    flags: int = Flag.HIDDEN_SYSTEM
    record_flags: int = IN_USE


class FreshVolume(NamedTuple):
    """What a volume goes on with after it was formatted."""

    table: MasterFileTable
    root: Folder
    bitmap_at: int


class Formatter:
    """Lays out one volume.

    Args:
        geometry: of the volume.
        write: writes at an offset of the array volume.
        clusters: all free.
        records: of the $MFT, a multiple of 64.
    """

    def __init__(self, geometry: Geometry, write: Write, clusters: ClusterMap, records: int) -> None:
        self._geometry = geometry
        self._write = write
        self._clusters = clusters
        size = geometry.record_bytes
        self._boot = self._take(BOOT_BYTES)
        self._mirror = self._take(MIRRORED * size)
        table_bitmap = self._take(records // 8)
        self._table_run = self._take(records * size)
        self._table = MasterFileTable(geometry, write, self._table_run[0], table_bitmap[0], records)
        self._table_bitmap = table_bitmap

    def format(self, label: str, serial: int) -> FreshVolume:
        """Write everything.

        Raises:
            OSError: ENOSPC, the volume is too small.
        """
        bitmap = self._take(len(self._clusters.bitmap))
        root = Folder(
            self._geometry,
            self._write,
            lambda clusters: self._clusters.take(clusters),
            self._table.offset_of(ROOT),
            self._table.reference_of(ROOT),
            self._table.reference_of(ROOT),
            ".",
            flags=Flag.HIDDEN_SYSTEM,
            namespace=Namespace.WIN32_AND_DOS,
        )
        files = [*self._plain_files(label), self._bitmap_file(bitmap)]
        self._write_unused_records()
        mirrored = {file.number: self._write_file(root, file) for file in files}
        self._write_extend(root)
        root.add(order_of("."), self._table.reference_of(ROOT), root.key)
        root.write_record()
        mirror = b"".join(mirrored[number] for number in range(MIRRORED))
        self._put(self._mirror, mirror)
        self._put(self._table_bitmap, bytes(self._table.bitmap))
        self._put(bitmap, bytes(self._clusters.bitmap))
        boot = boot_sector(self._geometry, self._table_run[0], self._mirror[0], serial)
        self._put(self._boot, boot)
        last = self._geometry.start + (self._geometry.sectors - 1) * self._geometry.sector_bytes
        self._write(last, boot)
        return FreshVolume(self._table, root, self._geometry.offset_of(bitmap[0]))

    def _plain_files(self, label: str) -> list[SystemFile]:
        table, geometry = self._table, self._geometry
        size = table.records * geometry.record_bytes
        table_bitmap = self._data(self._table_bitmap, len(table.bitmap), 3, kind=Type.BITMAP)
        hole = nonresident(
            Type.DATA,
            [(None, geometry.clusters)],
            geometry.clusters * geometry.cluster_bytes,
            3,
            cluster_bytes=geometry.cluster_bytes,
            valid_bytes=0,
            name="$Bad",
        )
        volume = (
            resident(Type.VOLUME_NAME, label.encode("utf-16-le"), 2),
            resident(Type.VOLUME_INFORMATION, struct.pack("<QBBH", 0, 3, 1, 0), 3),
            resident(Type.DATA, b"", 4),
        )
        return [
            self._file(0, "$MFT", self._table_run, size, table_bitmap),
            self._file(1, "$MFTMirr", self._mirror, MIRRORED * geometry.record_bytes),
            self._filled(2, "$LogFile", b"\xff" * LOG_BYTES),
            SystemFile(3, "$Volume", volume),
            self._filled(4, "$AttrDef", attribute_definitions()),
            self._file(7, "$Boot", self._boot, BOOT_BYTES),
            SystemFile(8, "$BadClus", (resident(Type.DATA, b"", 2), hole)),
            self._secure(),
            self._filled(10, "$UpCase", upper_case_table()),
        ]

    def _bitmap_file(self, run: tuple[int, int]) -> SystemFile:
        return self._file(6, "$Bitmap", run, len(self._clusters.bitmap))

    def _secure(self) -> SystemFile:
        data = descriptors()
        run = self._take(len(data))
        self._put(run, data)
        attributes = (
            self._data(run, len(data), 2, name="$SDS"),
            resident(Type.INDEX_ROOT, by_hash(), 3, name="$SDH"),
            resident(Type.INDEX_ROOT, by_number(), 4, name="$SII"),
        )
        flags = Flag.HIDDEN_SYSTEM | Flag.INDEX_VIEW
        return SystemFile(9, "$Secure", attributes, flags=flags, record_flags=IN_USE | VIEW_INDEX)

    def _filled(self, number: int, name: str, data: bytes) -> SystemFile:
        run = self._take(len(data))
        self._put(run, data)
        return self._file(number, name, run, len(data))

    def _file(self, number: int, name: str, run: tuple[int, int], size: int, *more: bytes) -> SystemFile:
        allocated = run[1] * self._geometry.cluster_bytes
        return SystemFile(number, name, (self._data(run, size, 2), *more), allocated, size)

    def _data(
        self, run: tuple[int, int], size: int, instance: int, *, kind: Type = Type.DATA, name: str = ""
    ) -> bytes:
        return nonresident(kind, [run], size, instance, cluster_bytes=self._geometry.cluster_bytes, name=name)

    def _write_file(self, root: Folder, file: SystemFile) -> bytes:
        key = file_name(
            root.reference,
            file.name,
            file.flags,
            Namespace.WIN32_AND_DOS,
            allocated=file.allocated,
            size=file.size,
        )
        root.add(order_of(file.name), self._table.reference_of(file.number), key)
        attributes = (
            resident(Type.STANDARD_INFORMATION, standard_information(file.flags), 0),
            resident(Type.FILE_NAME, key, 1, indexed=True),
            *file.attributes,
        )
        return self._table.write_record(file.number, attributes, flags=file.record_flags)

    def _write_extend(self, root: Folder) -> None:
        extend = Folder(
            self._geometry,
            self._write,
            lambda clusters: self._clusters.take(clusters),
            self._table.offset_of(EXTEND),
            self._table.reference_of(EXTEND),
            root.reference,
            "$Extend",
            flags=Flag.HIDDEN_SYSTEM,
            namespace=Namespace.WIN32_AND_DOS,
        )
        extend.write_record()
        root.add(order_of("$Extend"), extend.reference, extend.key)

    def _write_unused_records(self) -> None:
        information = resident(Type.STANDARD_INFORMATION, standard_information(Flag.HIDDEN_SYSTEM), 0)
        empty = (information, resident(Type.DATA, b"", 1))
        for number in range(FIRST_SYSTEM_FREE, FIRST_RESERVED):
            self._table.write_record(number, empty, links=0)
        for number in range(FIRST_RESERVED, self._table.records):
            attributes = (information,) if number < FIRST_OWN else ()
            self._table.write_record(number, attributes, flags=0, links=0)

    def _take(self, size_bytes: int) -> tuple[int, int]:
        length = self._geometry.clusters_for(size_bytes)
        return self._clusters.take(length), length

    def _put(self, run: tuple[int, int], data: bytes) -> None:
        """Write a run, filled up with zeros: what lay there before is nobody's."""
        whole = data.ljust(run[1] * self._geometry.cluster_bytes, b"\0")
        self._write(self._geometry.offset_of(run[0]), whole)
