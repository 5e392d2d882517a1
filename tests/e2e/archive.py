"""Writes what a Linux kernel unpacks as its first file system: cpio, form "newc" (buffer-format.rst)."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

TRAILER: Final = "TRAILER!!!"
_CONSOLE: Final = (5, 1)  # major and minor of /dev/console, which the kernel opens before anything is mounted


@dataclass
class Archive:
    """Files by their absolute path in the guest; folders on the way are made."""

    _entries: dict[str, tuple[int, bytes, tuple[int, int]]] = field(default_factory=dict)

    def folder(self, path: str) -> None:
        """Put an empty folder in, and those above it."""
        for each in (*reversed(PurePosixPath(path).parents), PurePosixPath(path)):
            if each.name:
                self._entries.setdefault(str(each), (stat.S_IFDIR | 0o755, b"", (0, 0)))

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Put a file in."""
        self.folder(str(PurePosixPath(path).parent))
        self._entries[path] = (stat.S_IFREG | mode, content, (0, 0))

    def program(self, path: Path, at: str = "") -> None:
        """Put a program or library of this machine in, at its own place or another one."""
        self.file(at or str(path), path.read_bytes(), 0o755)

    def link(self, path: str, target: str) -> None:
        """Put a symbolic link in."""
        self.folder(str(PurePosixPath(path).parent))
        self._entries[path] = (stat.S_IFLNK | 0o777, target.encode("ascii"), (0, 0))

    def console(self) -> None:
        """Put in the device that the first process has as its standard streams."""
        self.folder("/dev")
        self._entries["/dev/console"] = (stat.S_IFCHR | 0o600, b"", _CONSOLE)

    def content(self) -> bytes:
        """Return the archive."""
        records = [
            _record(number, path.lstrip("/"), *entry)
            for number, (path, entry) in enumerate(self._entries.items(), start=1)
        ]
        return b"".join([*records, _record(0, TRAILER, 0, b"", (0, 0))])


def _record(number: int, name: str, mode: int, content: bytes, device: tuple[int, int]) -> bytes:
    links, owner, modified, checksum = 1, 0, 0, 0
    numbers = (
        *(number, mode, owner, owner, links, modified, len(content)),
        *(0, 0, *device, len(name) + 1, checksum),
    )
    head = b"070701" + b"".join(b"%08X" % each for each in numbers) + name.encode() + b"\0"
    return _padded(head) + _padded(content)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % 4)
