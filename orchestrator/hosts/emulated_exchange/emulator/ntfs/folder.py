"""A folder: its record in the $MFT, and the leaves of its index."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import (
    NONRESIDENT,
    RESIDENT,
    Flag,
    Namespace,
    Type,
    file_name,
    nonresident,
    resident,
    standard_information,
)
from orchestrator.hosts.emulated_exchange.emulator.ntfs.directory_index import (
    END,
    LEAVES,
    Changed,
    DirectoryIndex,
    index_entry,
)
from orchestrator.hosts.emulated_exchange.emulator.ntfs.geometry import INDEX_BLOCK, Geometry
from orchestrator.hosts.emulated_exchange.emulator.ntfs.records import (
    END as RECORD_END,
)
from orchestrator.hosts.emulated_exchange.emulator.ntfs.records import (
    FOLDER,
    IN_USE,
    Seal,
    attributes_at,
    file_record,
    index_block,
)

INDEX_NAME: Final = "$I30"
ROOT: Final = struct.Struct("<IIIB3xIIIB3x")
BY_FILE_NAME: Final = 1
CHILD: Final = 8
# Name and run list of the index attributes, at most: a count of one byte and a first cluster of six.
NAMED: Final = 8
RUN_LIST: Final = 16


class Folder:
    """One folder of the volume, written as it changes.

    Args:
        geometry: of the volume.
        write: writes at an offset of the array volume.
        take: takes a run of clusters for the leaves.
        record_at: where in the array volume its record lies.
        reference: number and sequence of its record.
        parent: reference of the folder that it lies in.
        name: of the folder.
        flags: file attributes beside that of being a folder.
        namespace: of its name.
    """

    def __init__(
        self,
        geometry: Geometry,
        write: Callable[[int, bytes], None],
        take: Callable[[int], int],
        record_at: int,
        reference: int,
        parent: int,
        name: str,
        *,
        flags: int = 0,
        namespace: Namespace = Namespace.WIN32,
    ) -> None:
        self.reference = reference
        self.key = file_name(parent, name, flags | Flag.FOLDER, namespace)
        self._geometry = geometry
        self._write = write
        self._take = take
        self._record_at = record_at
        self._fixed = (
            resident(Type.STANDARD_INFORMATION, standard_information(flags), 0),
            resident(Type.FILE_NAME, self.key, 1, indexed=True),
        )
        self._seal = Seal()
        self._leaf_seals = [Seal() for _ in range(LEAVES)]
        self._first_cluster: int | None = None
        self._written_leaves = 0
        room = geometry.record_bytes - attributes_at(geometry.record_bytes) - len(RECORD_END)
        room -= sum(map(len, self._fixed)) + RESIDENT.size + NAMED + ROOT.size + len(END)
        large = room - CHILD - (NONRESIDENT.size + NAMED + RUN_LIST) - (RESIDENT.size + NAMED + CHILD)
        self.index = DirectoryIndex(room, large, geometry.index_step)

    def add(self, order: bytes, reference: int, key: bytes) -> None:
        """Enter a name.

        Raises:
            OSError: ENOSPC; nothing changed.
        """
        changed = self.index.insert(order, index_entry(reference, key))
        try:
            self.write_changed(changed)
        except OSError:
            self.index.remove(order)
            raise

    def remove(self, order: bytes) -> None:
        """Strike a name out."""
        self.write_changed(self.index.remove(order))

    def write_changed(self, changed: Changed) -> None:
        """Write what a change touched, leaves first."""
        if self.index.large and self._first_cluster is None:
            self._first_cluster = self._take(self._geometry.clusters_for(LEAVES * INDEX_BLOCK))
            changed = Changed(root=True, leaves=set(range(self.index.leaves)))
        for at in changed.leaves:
            self._write_leaf(at, self.index.leaf_entries(at))
        if changed.root:
            # A leaf that is not in use any more would still show its names to whoever looks for lost ones.
            for at in range(self.index.leaves, self._written_leaves):
                self._write_leaf(at, [END])
            self._written_leaves = self.index.leaves
            self.write_record()

    def _write_leaf(self, at: int, entries: list[bytes]) -> None:
        assert self._first_cluster is not None  # noqa: S101 # leaves are laid out in clusters taken before
        block = index_block(at * self._geometry.index_step, entries, self._leaf_seals[at])
        self._write(self._geometry.offset_of(self._first_cluster) + at * INDEX_BLOCK, block)

    def write_record(self) -> None:
        """Write the folder's own record."""
        entries = b"".join(self.index.root_entries())
        header = 16 + len(entries)
        # An index block smaller than a cluster is counted in sectors of 512 bytes, as in the boot sector.
        root = ROOT.pack(
            Type.FILE_NAME,
            BY_FILE_NAME,
            INDEX_BLOCK,
            self._geometry.index_step,
            16,
            header,
            header,
            self.index.large,
        )
        attributes = [*self._fixed, resident(Type.INDEX_ROOT, root + entries, 2, name=INDEX_NAME)]
        if self._first_cluster is not None:
            attributes += self._leaf_attributes(self._first_cluster)
        number, sequence = self.reference & 0xFFFFFFFFFFFF, self.reference >> 48
        self._write(
            self._record_at,
            file_record(
                number, sequence, IN_USE | FOLDER, attributes, self._geometry.record_bytes, self._seal
            ),
        )

    def _leaf_attributes(self, first_cluster: int) -> list[bytes]:
        geometry = self._geometry
        runs = [(first_cluster, geometry.clusters_for(LEAVES * INDEX_BLOCK))]
        allocation = nonresident(
            Type.INDEX_ALLOCATION,
            runs,
            LEAVES * INDEX_BLOCK,
            3,
            cluster_bytes=geometry.cluster_bytes,
            name=INDEX_NAME,
        )
        used = ((1 << self.index.leaves) - 1).to_bytes(CHILD, "little")
        return [allocation, resident(Type.BITMAP, used, 4, name=INDEX_NAME)]
