"""Readers and controls made of memory: no disk, no clock, no waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from orchestrator.errors import VerificationError, VerificationStopped
from orchestrator.verify.bytes_source import SourceEntry


class MemoryFile:
    """A `BytesSource`. `ends_at` is where it turns out to end, `holes` whole ranges that need not be read."""

    def __init__(self, data: bytes, name: str = "DB.edb", *, ends_at: int | None = None) -> None:
        self.name, self.data = name, data
        self.size_bytes = len(data)
        self.ends_at = len(data) if ends_at is None else ends_at
        self.broken_at: int | None = None
        self.requests: list[tuple[int, int]] = []
        self.closed = False

    def read(self, offset: int, buffer: memoryview) -> int:
        self.requests.append((offset, len(buffer)))
        if self.broken_at is not None and offset <= self.broken_at < offset + len(buffer):
            raise VerificationError(
                "verify.cannot-read", "it cannot be read: it is broken", subject=self.name
            )
        part = self.data[offset : min(self.ends_at, offset + len(buffer))]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self.closed = True


class MemoryFolder:
    """A `SourceFolder` of path to bytes; None for a file that cannot be read."""

    def __init__(self, files: Mapping[str, bytes | None], name: str = "clone") -> None:
        self.contents, self.name, self.closed = dict(files), name, 0

    def files(self, folder: str = "") -> Iterator[SourceEntry]:
        if folder and not any(path.startswith(f"{folder}/") for path in self.contents):
            raise VerificationError("verify.cannot-read", "there is no such folder", subject=folder)
        for path, data in sorted(self.contents.items()):
            if path.rpartition("/")[0] == folder:
                yield SourceEntry(path, len(data or b""))

    def folders(self, folder: str = "") -> Iterator[str]:
        prefix = f"{folder}/" if folder else ""
        inside = {path[len(prefix) :] for path in self.contents if path.startswith(prefix)}
        yield from sorted({prefix + path.split("/")[0] for path in inside if "/" in path})

    def open(self, path: str) -> MemoryFile:
        data = self.contents.get(path)
        if data is None:
            raise VerificationError("verify.cannot-read", "it cannot be read", subject=path)
        return MemoryFile(data, path)

    def close(self) -> None:
        self.closed += 1


class Recorder:
    """A control that notes everything, and stops when so many requests have been made."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.taken: list[int] = []
        self.seen: list[tuple[str, int, int]] = []
        self._lock = threading.Lock()

    def take(self, size_bytes: int) -> None:
        with self._lock:
            if size_bytes:
                self.taken.append(size_bytes)
            if self.stop_after is not None and len(self.taken) > self.stop_after:
                raise VerificationStopped("verify.stopped", "enough")

    def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
        self.seen.append((what, done_bytes, total_bytes))


class MemoryStore:
    """A `ResumeStore`."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    def load(self, name: str) -> str | None:
        return self.states.get(name)

    def save(self, name: str, state: str) -> None:
        self.states[name] = state

    def clear(self) -> None:
        self.states.clear()
