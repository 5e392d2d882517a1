"""The files of a database set, and where they lie: what is found in a folder, or named by a writer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.ese.log_names import LogName
from orchestrator.ese.reports import DatabaseHeader, LogHeader, Signature
from orchestrator.model.verification import ContentFinding
from orchestrator.verify.bytes_source import BytesSource, SourceEntry, SourceFolder
from orchestrator.verify.holes import next_data


class NamedSource:
    """A `BytesSource` under the name that its user knows: that of the host, not that of the reader."""

    def __init__(self, source: BytesSource, name: str) -> None:
        self._source = source
        self._name = name
        self.modified = str(getattr(source, "modified", ""))

    @property
    def name(self) -> str:
        """How findings call it."""
        return self._name

    @property
    def size_bytes(self) -> int:
        """Size when it was opened."""
        return self._source.size_bytes

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer."""
        return self._source.read(offset, buffer)

    def next_data(self, offset: int) -> int:
        """Return where it may next hold something."""
        return next_data(self._source, offset)

    def close(self) -> None:
        """Close it."""
        self._source.close()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a set.

    Attributes:
        folder: the reader that opens it; one set may lie in several.
        shown: how findings call it.
    """

    folder: SourceFolder
    entry: SourceEntry
    shown: str

    @property
    def parent(self) -> str:
        """The folder that it lies in, inside its reader."""
        return self.entry.path.rpartition("/")[0]

    def open(self) -> BytesSource:
        """Open it.

        Raises:
            VerificationError: `verify.cannot-read`.
        """
        return NamedSource(self.folder.open(self.entry.path), self.shown)


@dataclass(frozen=True, slots=True)
class FoundDatabase:
    """A database, by its header or by its name. `header` is None where that cannot be read."""

    file: SourceFile
    header: DatabaseHeader | None
    streaming: SourceFile | None = None
    flush_map: SourceFile | None = None


@dataclass(frozen=True, slots=True)
class FoundLog:
    """A log by its name; `header` is None where that is damaged."""

    file: SourceFile
    name: LogName
    header: LogHeader | None

    @property
    def generation(self) -> int | None:
        """Its place in the stream: by its name, or that of the current log by its header."""
        return self.name.generation or (self.header.generation if self.header else None)


@dataclass(frozen=True, slots=True)
class FoundStream:
    """Logs of one base name and one signature, and their checkpoint."""

    base: str
    sign_log: Signature
    logs: tuple[FoundLog, ...]
    checkpoint: SourceFile | None = None

    def files(self) -> Iterator[SourceFile]:
        """Yield all that belongs to it."""
        yield from (log.file for log in self.logs)
        if self.checkpoint:
            yield self.checkpoint


@dataclass(frozen=True, slots=True)
class SetContents:
    """All that belongs together.

    Attributes:
        findings: about what could not be looked at.
        complete: False if there is more than was looked at.
    """

    databases: tuple[FoundDatabase, ...] = ()
    streams: tuple[FoundStream, ...] = ()
    findings: tuple[ContentFinding, ...] = ()
    complete: bool = True
