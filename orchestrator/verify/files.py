"""Files and folders of this machine, read without changing, blocking or flooding anything."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from orchestrator.errors import VerificationError
from orchestrator.verify.bytes_source import SourceEntry
from orchestrator.verify.positional_reads import PositionalReader

# What a path may be instead of a file, as people call it.
KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
)


def cannot_read(name: str, cause: OSError | str) -> VerificationError:
    """Return the error for a file that cannot be opened or read."""
    said = cause if isinstance(cause, str) else (cause.strerror or str(cause)).lower()
    return VerificationError("verify.cannot-read", f"it cannot be read: {said}", subject=name)


class LocalFile:
    """A regular file, opened for reading; a `BytesSource`. Opening it never waits, whatever it is.

    Raises:
        VerificationError: `verify.cannot-read`; it is not there, or no regular file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._reader = PositionalReader(path)
        except VerificationError as cause:
            raise _in_its_place(path, cause) from None
        if self._reader.sector_bytes:
            self._reader.close()
            raise cannot_read(str(path), "it is a block device")
        self._descriptor = self._reader.fileno()

    @property
    def name(self) -> str:
        """How findings call it."""
        return self._reader.name

    @property
    def size_bytes(self) -> int:
        """Size when it was opened."""
        return self._reader.size_bytes

    @property
    def modified(self) -> str:
        """When it was last written, as the file system tells: only to be compared."""
        return str(os.fstat(self._descriptor).st_mtime_ns)

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer; fewer bytes at the end of the file, or where it has been cut off meanwhile."""
        return self._reader.read(offset, buffer)

    def next_data(self, offset: int) -> int:
        """Return where the next byte is that is no part of a hole."""
        try:
            return os.lseek(self._descriptor, offset, os.SEEK_DATA)
        except OSError as cause:
            return self.size_bytes if cause.errno == errno.ENXIO else offset

    def close(self) -> None:
        """Close it."""
        self._reader.close()


def _in_its_place(path: Path, cause: VerificationError) -> VerificationError:
    """Return an error that says what is there instead of a file, if anything is."""
    with suppress(OSError, ValueError):
        mode = path.stat().st_mode
        kind = next((words for test, words in KINDS if test(mode)), None)
        if kind:
            return cannot_read(str(path), f"it is {kind}")
    return cause


class LocalFolder:
    """A folder of this machine with all below it; a `SourceFolder`.

    Links to files are followed, links to folders are not: they could lead in circles, or out of the folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = str(path)
        if not path.is_dir():
            raise cannot_read(self._name, "it is no folder" if path.exists() else "there is no such folder")

    @property
    def name(self) -> str:
        """How findings call it."""
        return self._name

    def files(self, folder: str = "") -> Iterator[SourceEntry]:
        """List the regular files of one folder by name, links to such files included."""
        for entry in self._entries(folder):
            with suppress(OSError):  # a link to nothing, or a file removed meanwhile
                if entry.is_file():
                    yield SourceEntry(_below(folder, entry.name), entry.stat().st_size)

    def folders(self, folder: str = "") -> Iterator[str]:
        """List the paths of the folders in one folder by name."""
        for entry in self._entries(folder):
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    yield _below(folder, entry.name)

    def open(self, path: str) -> LocalFile:
        """Open a file."""
        return LocalFile(self._inside(path))

    def close(self) -> None:
        """Nothing is held open."""

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        path = self._inside(folder)
        try:
            with os.scandir(path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as cause:
            raise cannot_read(str(path), cause) from None

    def _inside(self, path: str) -> Path:
        inner = PurePosixPath(path)
        if inner.is_absolute() or ".." in inner.parts or "\0" in path:
            raise cannot_read(f"{self._name}: {path!r}", "it is no path inside the folder")
        return self._path / inner


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
