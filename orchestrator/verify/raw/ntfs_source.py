"""One NTFS volume as a tree of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import Final

from orchestrator.errors import VerificationError
from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.verify.bytes_source import SourceEntry
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw.file_facts import REPARSE_POINT, opened
from orchestrator.verify.raw.folders import Entry, Folders
from orchestrator.verify.raw.metadata_child import MetadataChild
from orchestrator.verify.raw.name_table import NameTable, TooManyRecords
from orchestrator.verify.raw.names import folded
from orchestrator.verify.raw.ntfs_file import NtfsFile, ResidentFile
from orchestrator.verify.raw.partitions import Partition
from orchestrator.verify.raw.volume_state import (
    LOG_RECORD,
    RESTART_BYTES,
    VOLUME_RECORD,
    is_marked_dirty,
    needs_replay,
)

TABLE_RECORD: Final = 0
DEEPEST: Final = 64


class NtfsSource:
    """A `SourceFolder`: all files of one volume.

    Attributes:
        name: how findings call it.
        partition: where in the device it lies.
        label: its name; empty if it has none.
        serial: its number, 64 bits.
        findings: what is wrong with the partition table or the file system, as far as it was read.
        on_close: what to let go of with the volume, for whoever opened the image for it alone.

    Raises:
        VerificationError: `verify.file-system-unreadable`; `verify.cannot-read`.
    """

    def __init__(
        self,
        reader: PositionalReader,
        child: MetadataChild,
        partition: Partition,
        *,
        visit: int = 0,
        findings: tuple[ContentFinding, ...] = (),
    ) -> None:
        self.name = f"{reader.name}, partition {partition.number}" if partition.number else reader.name
        self.partition = partition
        self.findings = list(findings)
        self.on_close: Callable[[], None] = lambda: None
        self._reader, self._child = reader, child
        self._where = {"start": partition.start, "length": partition.length, "visit": visit}
        about = child.ask("volume", **self._where)
        self.label, self.serial = str(about["label"]), int(about["serial"])
        self._record_bytes = int(about["record_bytes"])
        self._look_at_state()

    def files(self, folder: str = "") -> Iterator[SourceEntry]:
        """List the files of one folder by name. What cannot be read is told in `findings`."""
        for entry in self._inside(folder):
            if not entry.is_folder and entry.size >= 0:
                yield SourceEntry(_below(folder, entry.name), entry.size)

    def folders(self, folder: str = "") -> Iterator[str]:
        """List the paths of the folders in one folder by name, without links to others."""
        for entry in self._inside(folder):
            if entry.is_folder and not entry.flags & REPARSE_POINT:
                yield _below(folder, entry.name)

    def open(self, path: str) -> NtfsFile | ResidentFile:
        """Open a file.

        Raises:
            VerificationError: `verify.cannot-read`, it is not there; `verify.file-not-plain`, its bytes are
                not its contents; `verify.file-system-unreadable`.
        """
        folder, _, name = path.rpartition("/")
        entry = self._pick(self._inside(folder), name, path)
        if entry.is_folder:
            raise self._error("verify.cannot-read", "it is a folder", path)
        return self._opened(entry.record, f"{self.name}: {path}")

    def close(self) -> None:
        """Let go of what `on_close` names; the device itself is the image's."""
        self.on_close()

    def _opened(self, record: int, name: str) -> NtfsFile | ResidentFile:
        facts = self._child.ask("file", record, **self._where)
        return opened(self._reader, name, facts, self.partition.start, self.partition.length)

    def _inside(self, folder: str) -> list[Entry]:
        names = [name for name in folder.split("/") if name]
        if len(names) > DEEPEST:
            raise self._error("verify.cannot-read", f"it lies more than {DEEPEST} folders deep", folder)
        entries = self._folders.root()
        for name in names:
            entry = self._pick(entries, name, folder)
            if not entry.is_folder:
                raise self._error("verify.cannot-read", f"{name} is no folder", folder)
            if entry.flags & REPARSE_POINT:
                raise self._error("verify.cannot-read", f"{name} leads to another volume or folder", folder)
            entries = self._folders.inside(entry.record)
        return entries

    def _pick(self, entries: list[Entry], name: str, path: str) -> Entry:
        """Return the one of this name; if several differ in case only, the one that is spelt alike."""
        alike = [entry for entry in entries if folded(entry.name) == folded(name)]
        exact = [entry for entry in alike if entry.name == name]
        if not alike:
            raise self._error("verify.cannot-read", f"there is no {name}", path)
        return (exact or alike)[0]

    @cached_property
    def _folders(self) -> Folders:
        """The tree of names, read when it is first asked for."""
        try:
            table = NameTable(self._opened(TABLE_RECORD, f"{self.name}: $MFT"), self._record_bytes)
        except TooManyRecords as cause:
            raise VerificationError("verify.file-system-unreadable", str(cause), subject=self.name) from None
        if table.damaged_count:
            some = ", ".join(map(str, table.damaged))
            text = f"{table.damaged_count:,} records of the $MFT were not wholly written ({some})."
            self._report("verify.file-system-damaged", Severity.ERROR, text)
        return Folders(table, self._asked, self._damaged)

    def _asked(self, records: list[int]) -> list[list[int] | str]:
        answers: list[list[int] | str] = self._child.ask("records", *records, **self._where)["records"]
        return answers

    def _damaged(self, name: str, why: str) -> None:
        self._report("verify.file-system-damaged", Severity.ERROR, f"{name} cannot be read: {why}.")

    def _look_at_state(self) -> None:
        """Report a file system that was in the middle of something."""
        record, log = bytearray(self._record_bytes), bytearray(RESTART_BYTES)
        with suppress(VerificationError):  # whoever asks for a file will hear of it
            table = self._opened(TABLE_RECORD, f"{self.name}: $MFT")
            table.read(VOLUME_RECORD * self._record_bytes, memoryview(record))
            self._opened(LOG_RECORD, f"{self.name}: $LogFile").read(0, memoryview(log))
        dirty = is_marked_dirty(bytes(record))
        if dirty or (any(log) and needs_replay(bytes(log))):
            what = "is marked to be checked" if dirty else "has changes in its log that it did not carry out"
            text = f"The file system {what}: names and sizes of files may be older than their contents."
            self._report("verify.file-system-dirty", Severity.WARNING, text)

    def _report(self, code: str, severity: Severity, text: str) -> None:
        finding = ContentFinding(code, severity, Place(self.name), text)
        if finding not in self.findings:
            self.findings.append(finding)

    def _error(self, code: str, what: str, path: str) -> VerificationError:
        return VerificationError(code, what, subject=f"{self.name}: {path}")


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
