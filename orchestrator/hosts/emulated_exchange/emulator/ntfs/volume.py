"""The door of the NTFS writer: one volume, made and changed by whoever plays its host."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Self
from uuid import UUID, uuid4

from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import (
    Flag,
    Namespace,
    Type,
    file_name,
    nonresident,
    resident,
    standard_information,
)
from orchestrator.hosts.emulated_exchange.emulator.ntfs.cluster_map import ClusterMap
from orchestrator.hosts.emulated_exchange.emulator.ntfs.folder import Folder
from orchestrator.hosts.emulated_exchange.emulator.ntfs.geometry import Geometry
from orchestrator.hosts.emulated_exchange.emulator.ntfs.master_file_table import MasterFileTable
from orchestrator.hosts.emulated_exchange.emulator.ntfs.partition_table import write_partition_table
from orchestrator.hosts.emulated_exchange.emulator.ntfs.system_files import Formatter, FreshVolume
from orchestrator.hosts.emulated_exchange.emulator.ntfs.upper_case import order_of

FEWEST_RECORDS: Final = 64
MOST_RECORDS: Final = 1024
BYTES_A_RECORD: Final = 32 << 10

INFORMATION: Final = resident(Type.STANDARD_INFORMATION, standard_information(Flag.ARCHIVE), 0)
DATA_INSTANCE: Final = 2


class FileExtent(NamedTuple):
    """Where the bytes of a file lie: from this byte of the array volume on, all in a row."""

    offset: int
    length: int


Runs = Sequence[tuple[int | None, int]]


class _File(NamedTuple):
    number: int
    data: bytes
    runs: Runs
    allocated: int
    size: int


class _Place(NamedTuple):
    """Where a name stands: its folder, the name itself, and what orders it there."""

    folder: Folder
    name: str
    order: bytes

    @property
    def key(self) -> tuple[int, bytes]:
        return self.folder.reference, self.order


class NtfsVolume:
    """An NTFS volume in an array volume. Paths have "/" between names, none before the first.

    Not thread-safe: whoever calls holds the lock that makes each call one change for whoever cuts the array
    volume. A call that raises has changed nothing that readers see.
    """

    def __init__(
        self,
        geometry: Geometry,
        write: Callable[[int, bytes], None],
        clusters: ClusterMap,
        fresh: FreshVolume,
    ) -> None:
        self._geometry = geometry
        self._write = write
        self._clusters = clusters
        self._table: MasterFileTable = fresh.table
        self._bitmap_at = fresh.bitmap_at
        self._folders: dict[bytes, Folder] = {b"": fresh.root}
        self._files: dict[tuple[int, bytes], _File] = {}

    @classmethod
    def format(
        cls,
        write: Callable[[int, bytes], None],
        size_bytes: int,
        *,
        gpt: bool = True,
        label: str = "",
        sector_bytes: int = 512,
        cluster_bytes: int = 4096,
        records: int | None = None,
        identity: UUID | None = None,
    ) -> Self:
        """Make an empty file system.

        Args:
            write: writes bytes at an offset of the array volume.
            size_bytes: of the array volume; from about 1 MiB on.
            gpt: put it into the one partition of a partition table, not onto the bare device.
            label: name of the volume, up to 32 letters.
            sector_bytes: 512 or 4096.
            cluster_bytes: a power of two, up to 64 KiB.
            records: files and folders, 24 of the system among them; by the size if left out.
            identity: its lower 64 bits are the serial number; a random one if left out.

        Raises:
            OSError: ENOSPC, it is too small.
        """
        identity = uuid4() if identity is None else identity
        start, length = 0, size_bytes // sector_bytes * sector_bytes
        if gpt:
            start, length = write_partition_table(write, size_bytes, sector_bytes, identity)
        geometry = Geometry(start, length // sector_bytes, sector_bytes, cluster_bytes)
        if geometry.clusters < 1:
            raise OSError(errno.ENOSPC, f"{size_bytes} bytes are too few for a volume")
        clusters = ClusterMap(geometry.clusters)
        wanted = min(max(size_bytes // BYTES_A_RECORD, FEWEST_RECORDS), MOST_RECORDS)
        wanted = -(-(records or wanted) // 64) * 64
        fresh = Formatter(geometry, write, clusters, wanted).format(label, identity.int & 0xFFFFFFFFFFFFFFFF)
        return cls(geometry, write, clusters, fresh)

    @property
    def free_bytes(self) -> int:
        """What is left for files."""
        return self._clusters.free * self._geometry.cluster_bytes

    def make_folder(self, path: str) -> None:
        """Make a folder in one that is there.

        Raises:
            FileExistsError: something of this name is there.
            FileNotFoundError: what it is to lie in is not there.
            OSError: ENOSPC.
        """
        place = self._free_place(path)
        number = self._table.take()
        folder = Folder(
            self._geometry,
            self._write,
            self._take,
            self._table.offset_of(number),
            self._table.reference_of(number),
            place.folder.reference,
            place.name,
        )
        folder.write_record()
        self._enter(place, number, folder.key)
        self._folders[order_of(path)] = folder

    def add_file(self, path: str, size_bytes: int) -> FileExtent:
        """Make a file whose bytes lie in a row. What lies there already is its contents.

        Raises:
            FileExistsError: something of this name is there.
            FileNotFoundError: its folder is not there.
            OSError: ENOSPC.
        """
        self._free_place(path)
        length = self._geometry.clusters_for(size_bytes)
        if not length:
            self.add_streamed(path, resident(Type.DATA, b"", DATA_INSTANCE), ())
            return FileExtent(0, 0)
        first = self._take(length)
        cluster_bytes = self._geometry.cluster_bytes
        data = nonresident(
            Type.DATA, [(first, length)], size_bytes, DATA_INSTANCE, cluster_bytes=cluster_bytes
        )
        try:
            self.add_streamed(path, data, [(first, length)], length * cluster_bytes, size_bytes)
        except OSError:
            self._give_back(first, length)
            raise
        return FileExtent(self._geometry.offset_of(first), size_bytes)

    def add_streamed(self, path: str, data: bytes, runs: Runs, allocated: int = 0, size: int = 0) -> int:
        """Make a file from attributes that the caller made, and return the number of its record.

        Args:
            path: of the file.
            data: all attributes after the name.
            runs: which clusters become free when it is removed; None for a hole.
            allocated: what the folder says of its clusters, in bytes.
            size: what the folder says of its size, in bytes.

        Raises:
            FileExistsError: something of this name is there.
            FileNotFoundError: its folder is not there.
            OSError: ENOSPC.
        """
        place = self._free_place(path)
        file = _File(self._table.take(), data, runs, allocated, size)
        self._enter(place, file.number, self._write_file(file, place))
        self._files[place.key] = file
        return file.number

    def rename(self, path: str, new_path: str) -> None:
        """Give a file another name, in its folder or another.

        Raises:
            FileExistsError: something of the new name is there.
            FileNotFoundError: the file, or the new folder, is not there.
            OSError: ENOSPC.
        """
        old, file = self._file(path)
        new = self._place(new_path)
        if new.key == old.key:  # only the case of its letters changes
            old.folder.remove(old.order)
        elif new.order in new.folder.index:
            raise FileExistsError(new_path)
        new.folder.add(new.order, self._table.reference_of(file.number), self._write_file(file, new))
        if new.key != old.key:
            old.folder.remove(old.order)
        del self._files[old.key]
        self._files[new.key] = file

    def remove(self, path: str) -> None:
        """Delete a file; its clusters keep their bytes.

        Raises:
            FileNotFoundError: it is not there.
        """
        place, file = self._file(path)
        place.folder.remove(place.order)
        del self._files[place.key]
        self._strike_out(file.number)
        for first, length in file.runs:
            if first is not None:
                self._give_back(first, length)

    def _place(self, path: str) -> _Place:
        folder, _, name = path.rpartition("/")
        found = self._folders.get(order_of(folder))
        if found is None:
            raise FileNotFoundError(folder)
        return _Place(found, name, order_of(name))

    def _free_place(self, path: str) -> _Place:
        place = self._place(path)
        if place.order in place.folder.index:
            raise FileExistsError(path)
        return place

    def _file(self, path: str) -> tuple[_Place, _File]:
        place = self._place(path)
        file = self._files.get(place.key)
        if file is None:
            raise FileNotFoundError(path)
        return place, file

    def _write_file(self, file: _File, place: _Place) -> bytes:
        """Write a file's record and return the name as the folder has it."""
        key = file_name(
            place.folder.reference,
            place.name,
            Flag.ARCHIVE,
            Namespace.WIN32,
            allocated=file.allocated,
            size=file.size,
        )
        attributes = (INFORMATION, resident(Type.FILE_NAME, key, 1, indexed=True), file.data)
        self._table.write_record(file.number, attributes)
        return key

    def _enter(self, place: _Place, number: int, key: bytes) -> None:
        try:
            place.folder.add(place.order, self._table.reference_of(number), key)
        except OSError:
            self._strike_out(number)
            raise

    def _strike_out(self, number: int) -> None:
        self._table.give_back(number)
        self._table.write_record(number, (), flags=0, links=0)

    def _take(self, length: int) -> int:
        first = self._clusters.take(length)
        self._write_bitmap(first, length)
        return first

    def _give_back(self, first: int, length: int) -> None:
        self._clusters.give_back(first, length)
        self._write_bitmap(first, length)

    def _write_bitmap(self, first: int, length: int) -> None:
        start, changed = self._clusters.changed(first, length)
        self._write(self._bitmap_at + start, changed)
