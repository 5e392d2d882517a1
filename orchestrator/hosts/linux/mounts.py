"""The mounts of this process's namespace, and which of them a path can reach.

Source: proc(5), /proc/pid/mountinfo.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import HostError

PLACE: Final = "proc/self/mountinfo"
_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")  # blank, tab, line feed, backslash, and # in the source


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo.

    Attributes:
        mount_id: of this mount.
        parent_id: of the mount it is mounted on.
        device_number: "major:minor" of the superblock; major 0 is no block device.
        shown: the folder of the file system that is seen at the mount point; "/" is all of it.
        mount_point: its path, as this process sees it.
        kind: of the file system.
        source: what was mounted, as whoever mounted it wrote it.
        options: of the superblock.
    """

    mount_id: int
    parent_id: int
    device_number: str
    shown: str
    mount_point: str
    kind: str
    source: str
    options: tuple[str, ...]


def read_mounts(root: Path) -> tuple[Mount, ...]:
    """Return all mounts of this process's namespace, in the kernel's order.

    Raises:
        HostError: `host.survey-failed`.
    """
    try:
        lines = (root / PLACE).read_bytes().splitlines()
    except OSError as error:
        what = f"the list of mounts cannot be read: {error.strerror}"
        raise HostError("host.survey-failed", what, subject=f"/{PLACE}") from error
    return tuple(_mount(line) for line in lines)


def _mount(line: bytes) -> Mount:
    try:
        # The mount's own fields end in any number of tags, and a lone hyphen closes those.
        mine, _, of_file_system = line.partition(b" - ")
        mount_id, parent_id, number, shown, mount_point = mine.split(b" ")[:5]
        # The source may be empty, so that two blanks follow each other.
        kind, source, options = of_file_system.split(b" ", 2)
        return Mount(
            mount_id=int(mount_id),
            parent_id=int(parent_id),
            device_number=number.decode("ascii"),
            shown=_text(shown),
            mount_point=_text(mount_point),
            kind=_text(kind),
            source=_text(source),
            options=tuple(_text(option) for option in options.split(b",")),
        )
    except ValueError as error:
        what = f"a line of the list of mounts is not understood: {os.fsdecode(line)!r}"
        raise HostError("host.survey-failed", what, subject=f"/{PLACE}") from error


def _text(field: bytes) -> str:
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), field))


def reachable(mounts: Iterable[Mount]) -> frozenset[int]:
    """Return the ids of the mounts that their own mount point leads to.

    The others are hidden: something was mounted over them, or over a folder on the way to them.
    """
    every = tuple(mounts)
    ids = {mount.mount_id for mount in every}
    children: dict[int, list[Mount]] = {}
    for mount in every:
        # The parent of the topmost mount is not in the list, or is that mount itself.
        known = mount.parent_id in ids and mount.parent_id != mount.mount_id
        children.setdefault(mount.parent_id if known else 0, []).append(mount)
    return frozenset(mount.mount_id for mount in every if _led_to(mount.mount_point, children) == mount)


def _led_to(path: str, children: dict[int, list[Mount]]) -> Mount | None:
    """Walk a path as the kernel does: at each mount, the first mount point on the way is entered."""
    here: Mount | None = None
    while True:
        nearby = children.get(here.mount_id if here else 0, ())
        on_the_way = [child for child in nearby if _lies_in(path, child.mount_point)]
        if not on_the_way:
            return here
        # Of several at one place the last of the list is the newest.
        here = min(reversed(on_the_way), key=lambda child: len(child.mount_point))


def _lies_in(path: str, mount_point: str) -> bool:
    return path == mount_point or path.startswith(mount_point.rstrip("/") + "/")
