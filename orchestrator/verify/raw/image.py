"""The door: a raw image or block device, and the NTFS volumes in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from orchestrator.errors import VerificationError
from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw.metadata_child import MetadataChild
from orchestrator.verify.raw.ntfs_source import NtfsSource
from orchestrator.verify.raw.partitions import Layout, Partition, find_partitions
from orchestrator.verify.raw.signatures import NTFS


class RawImage:
    """An image or device, opened for reading only. Close it when all files of it have been read.

    Args:
        path: of the image or device.
        child_of: makes who is asked what lies where, from a descriptor and a name.

    Attributes:
        volumes: the NTFS volumes in it, in the order of the partition table; at least one.
        partitions: everything else that was found, too.
        findings: what is wrong with the partition table.

    Raises:
        VerificationError: `verify.cannot-read`; `verify.no-known-file-system`, there is no NTFS;
            `verify.file-system-unreadable`, there is, but it is damaged.
    """

    def __init__(self, path: Path, *, child_of: Callable[[int, str], MetadataChild] = MetadataChild) -> None:
        self._reader = PositionalReader(path)
        self._child = child_of(self._reader.fileno(), str(path))
        try:
            layout = find_partitions(self._reader)
            self.partitions: Sequence[Partition] = layout.partitions
            self.findings = layout.findings
            self.volumes: Sequence[NtfsSource] = _volumes(self._reader, self._child, layout)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def volume(self, which: int | str | None = None) -> NtfsSource:
        """Return one volume.

        Args:
            which: its index from 0 on, its serial number as Windows prints it or whole, or its label;
                left out, the only one.

        Raises:
            VerificationError: `verify.which-file-system`.
        """
        found = [one for at, one in enumerate(self.volumes) if which is None or _is(one, at, which)]
        if len(found) == 1:
            return found[0]
        names = "; ".join(
            f"{at}: {one.serial:016X} {one.label}".rstrip() for at, one in enumerate(self.volumes)
        )
        raise VerificationError(
            "verify.which-file-system",
            f"{len(found)} of its NTFS volumes are meant, not one ({names})",
            subject=self._reader.name,
        )

    def close(self) -> None:
        """Let go of it, and end the child."""
        self._child.close()
        self._reader.close()


def open_raw(path: Path, volume: int | str | None = None) -> NtfsSource:
    """Open the one NTFS volume in an image or device; closing it closes all.

    Args:
        path: of the image or device.
        volume: which one, if there are several: see `RawImage.volume`.

    Raises:
        VerificationError: `verify.cannot-read`; `verify.no-known-file-system`; `verify.which-file-system`;
            `verify.file-system-unreadable`.
    """
    image = RawImage(path)
    try:
        found = image.volume(volume)
    except BaseException:
        image.close()
        raise
    found.on_close = image.close
    return found


def _volumes(reader: PositionalReader, child: MetadataChild, layout: Layout) -> list[NtfsSource]:
    ntfs = [part for part in layout.partitions if part.holds == NTFS]
    if not ntfs:
        there = "; ".join(map(str, layout.partitions)) or "its partition table is empty"
        raise VerificationError(
            "verify.no-known-file-system", f"there is no NTFS: {there}", subject=reader.name
        )
    found: list[NtfsSource] = []
    damaged: list[VerificationError] = []
    for part in ntfs:
        try:
            found.append(NtfsSource(reader, child, part, findings=layout.findings))
        except VerificationError as cause:  # a small one beside it is no reason to read nothing
            damaged.append(cause)
    if not found:
        raise damaged[0]
    for volume in found:
        volume.findings += [_unreadable(cause) for cause in damaged]
    return found


def _unreadable(cause: VerificationError) -> ContentFinding:
    text = f"Another NTFS volume in it cannot be read: {cause.what}."
    return ContentFinding(cause.code, Severity.WARNING, Place(cause.subject), text)


def _is(volume: NtfsSource, at: int, which: int | str) -> bool:
    if isinstance(which, int):
        return at == which
    # Windows prints the lower half, with a dash in the middle.
    serials = (f"{volume.serial:016X}", f"{volume.serial & 0xFFFFFFFF:08X}")
    return which == volume.label or which.replace("-", "").upper() in serials
