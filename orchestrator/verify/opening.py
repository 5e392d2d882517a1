"""Opens what a user points at: a file of a database, a folder, or a volume in a raw image or block device."""

from __future__ import annotations

import stat
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from orchestrator.errors import VerificationError
from orchestrator.ese.database_header import START_SIZE, read_header_pair
from orchestrator.ese.log_names import LogKind, LogName, parse_name
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import SourceEntry, SourceFolder
from orchestrator.verify.content_kind import ContentKind, content_of
from orchestrator.verify.files import LocalFile, LocalFolder, cannot_read
from orchestrator.verify.found import FoundDatabase, FoundLog, FoundStream, SetContents, SourceFile
from orchestrator.verify.set_discovery import discover, file_of, sort_out, with_logs_from
from orchestrator.verify.source_parts import read_part
from orchestrator.verify.stream_grouping import NO_SIGNATURE

DATABASES: Final = frozenset({ContentKind.DATABASE, ContentKind.STREAMING_FILE})


@dataclass(frozen=True, slots=True)
class Opened:
    """What is at a path. Close it when all is read.

    Attributes:
        because: in words, what speaks for its kind.
        folder: the reader: of a folder or volume all of it, of a file the folder that it lies in.
        file: None for a folder or volume.
    """

    path: Path
    kind: ContentKind
    because: str
    folder: SourceFolder
    file: SourceFile | None = None

    def close(self) -> None:
        """Let go of it."""
        self.folder.close()

    def contents(self, control: Control, logs: SourceFolder | None = None) -> SetContents:
        """Return the set to check: all in a folder or volume; one database with logs; one stream.

        Args:
            control: asked before each request.
            logs: a folder with the logs of a database; those beside it then do not count.

        Raises:
            VerificationStopped: the control said so.
            VerificationError: `verify.cannot-read`; `verify.nothing-of-ours`.
        """
        if self.file is None:
            contents = discover(self.folder, control)
        elif self.kind in DATABASES:
            contents = self._database(self.file, control)
        elif self.kind in {ContentKind.LOG, ContentKind.CHECKPOINT}:
            return self._stream(self.file, control)
        else:
            text = f"no set of databases and logs starts here: {self.because}"
            raise VerificationError("verify.nothing-of-ours", text, subject=str(self.path))
        return contents if logs is None else with_logs_from(logs, contents, control)

    def _database(self, file: SourceFile, control: Control) -> SetContents:
        """One database with what lies beside it; other databases there are not looked at."""
        beside = self._beside(control, file)
        streams = replace(beside, databases=())
        own = [each for each in beside.databases if each.file.entry.path == file.entry.path]
        return replace(streams, databases=tuple(own) or (_misnamed(file, control),))

    def _stream(self, file: SourceFile, control: Control) -> SetContents:
        beside = self._beside(control, file)
        path = file.entry.path
        streams = [each for each in beside.streams if path in {one.entry.path for one in each.files()}]
        return SetContents(streams=tuple(streams) or (_alone(file),))

    def _beside(self, control: Control, file: SourceFile) -> SetContents:
        stem = file.entry.name.rpartition(".")[0]
        entries = (
            entry
            for entry in self.folder.files()
            if entry.name.rpartition(".")[0] == stem or parse_name(entry.name) is not None
        )
        return sort_out([file_of(self.folder, entry) for entry in entries], control)


def _misnamed(file: SourceFile, control: Control) -> FoundDatabase:
    """A database by its header whose name is that of something else."""
    with closing(file.open()) as source:
        start = read_part(source, control, 0, START_SIZE)
    return FoundDatabase(file, read_header_pair(start, file.shown).header)


def _alone(file: SourceFile) -> FoundStream:
    """A log that the others beside it say nothing of."""
    name = parse_name(file.entry.name) or LogName("", LogKind.CURRENT)
    return FoundStream(name.base, NO_SIGNATURE, (FoundLog(file, name, None),))


def open_path(path: Path) -> Opened:
    """Open whatever is at a path, and tell what it is.

    Raises:
        VerificationError: `verify.cannot-read`: it is not there, may not be read, or is a pipe or the like.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as cause:
        raise cannot_read(str(path), cause if isinstance(cause, OSError) else str(cause)) from None
    if stat.S_ISDIR(mode):
        return Opened(path, ContentKind.FOLDER, "it is a folder", LocalFolder(path))
    if stat.S_ISBLK(mode):
        return Opened(path, ContentKind.VOLUME, "it is a block device", _raw(path))
    with closing(LocalFile(path)) as source:
        start = bytearray(min(START_SIZE, source.size_bytes))
        content = content_of(bytes(start[: source.read(0, memoryview(start))]), path.name)
        if content.kind is ContentKind.VOLUME:
            return Opened(path, *content, _raw(path))
        folder = LocalFolder(path.parent)
        file = SourceFile(folder, SourceEntry(path.name, source.size_bytes), str(path))
        return Opened(path, *content, folder, file)


def _raw(path: Path) -> SourceFolder:
    from orchestrator.verify.raw import open_raw  # a library of its own, and only for volumes

    return open_raw(path)
