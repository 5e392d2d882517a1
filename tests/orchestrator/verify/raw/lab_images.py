"""Images made in memory by the lab's NTFS writer, and read without a child process."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from orchestrator.hosts.emulated_exchange.emulator.ntfs import FileExtent, NtfsVolume
from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import Type, nonresident
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.raw import RawImage
from orchestrator.verify.raw.child import Volumes, answer
from orchestrator.verify.raw.metadata_child import MetadataChild

MIB: Final = 1 << 20
CLUSTER: Final = 4096
IDENTITY: Final = UUID("6f5b0a54-8f41-4b0e-9d3a-0123456789ab")


class LabImage:
    """One volume, on a disk with a partition table or on a bare device."""

    def __init__(self, size_bytes: int = 2 * MIB, *, gpt: bool = False, **options: Any) -> None:
        self.data = bytearray(size_bytes)
        self.volume = NtfsVolume.format(self.write, size_bytes, gpt=gpt, identity=IDENTITY, **options)

    def write(self, offset: int, data: bytes) -> None:
        assert offset + len(data) <= len(self.data), "the writer wrote behind the end"
        self.data[offset : offset + len(data)] = data

    def add(self, path: str, contents: bytes) -> FileExtent:
        """Add a file with contents."""
        extent = self.volume.add_file(path, len(contents))
        self.write(extent.offset, contents)
        return extent

    def add_in_runs(
        self, path: str, runs: Sequence[tuple[int | None, int]], size: int, *, valid: int | None = None
    ) -> int:
        """Add a file that lies in these runs of clusters, and return the number of its record."""
        data = nonresident(Type.DATA, runs, size, 2, cluster_bytes=CLUSTER, valid_bytes=valid)
        return self.volume.add_streamed(path, data, (), 0, size)

    def take(self, clusters: int, fill: bytes) -> int:
        """Take clusters that nothing names, and fill them. On a bare device only."""
        size = clusters * CLUSTER
        extent = self.volume.add_file(f"taken-{clusters}-{fill[:8].hex()}", size)
        self.write(extent.offset, fill * (size // len(fill)))
        return extent.offset // CLUSTER

    def record_at(self, number: int) -> int:
        """Return where a record of the $MFT lies. On a bare device only."""
        (table,) = struct.unpack_from("<Q", self.data, 48)
        return int(table) * CLUSTER + number * 1024

    def saved(self, path: Path) -> Path:
        path.write_bytes(self.data)
        return path


class InProcessChild(MetadataChild):
    """Asks the library in this process: quick, and good enough for volumes of our own making."""

    def _exchange(self, question: bytes) -> dict[str, Any]:
        self._volumes = getattr(self, "_volumes", Volumes(self._descriptor))
        told: dict[str, Any] = json.loads(json.dumps(answer(self._volumes, json.loads(question))))
        return told


def image_of(path: Path) -> RawImage:
    """Open an image without starting a process."""
    return RawImage(path, child_of=InProcessChild)


def contents(source: BytesSource, offset: int = 0, length: int | None = None) -> bytes:
    """Read a file, or a part of it."""
    buffer = bytearray(source.size_bytes if length is None else length)
    return bytes(buffer[: source.read(offset, memoryview(buffer))])
