"""What a reader gives: files that can only be read, by position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from orchestrator.model.verification import ContentFinding


class BytesSource(Protocol):
    """One file, opened for reading. `read` may be called from several threads at once."""

    @property
    def name(self) -> str:
        """How findings call it."""

    @property
    def size_bytes(self) -> int:
        """Size when it was opened."""

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer from some offset on; return how many bytes that were: fewer at the end of the file.

        Holes, and what lies behind the valid size of an NTFS file, read as zeros.

        Raises:
            VerificationError: `verify.cannot-read`.
        """

    def close(self) -> None:
        """Close it."""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A file in a folder of a reader.

    Attributes:
        path: inside the reader, "/" between names.
    """

    path: str
    size_bytes: int

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rpartition("/")[2]


class SourceFolder(Protocol):
    """A tree of files: a folder of this machine, or a file system inside an image."""

    @property
    def name(self) -> str:
        """How findings call it."""

    def files(self, folder: str = "") -> Iterable[SourceEntry]:
        """List the files of one folder, not of those below it. NTFS names match whatever their case.

        Raises:
            VerificationError: `verify.cannot-read`.
        """

    def folders(self, folder: str = "") -> Iterable[str]:
        """List the paths of the folders in one folder."""

    def open(self, path: str) -> BytesSource:
        """Open a file.

        Raises:
            VerificationError: `verify.cannot-read`; it is not there, or not a regular file.
        """

    def close(self) -> None:
        """Let go of the tree."""


@runtime_checkable
class FileSystem(Protocol):
    """A folder that also has something to say of the file system it lies in."""

    @property
    def findings(self) -> Sequence[ContentFinding]:
        """What was wrong with it, as far as it has been read."""
