"""Small files in which the kernel tells one thing each, and folders of them: they may vanish at any time."""

from __future__ import annotations

import os
from pathlib import Path


def text_of(place: Path) -> str:
    """Return the text of an attribute; empty where there is none or the device refuses it."""
    return os.fsdecode(bytes_of(place)).rstrip("\n").rstrip("\0")


def bytes_of(place: Path) -> bytes:
    """Return the bytes of an attribute; none where there is none or the device refuses it."""
    try:
        return place.read_bytes()
    except OSError:
        return b""


def entries_of(folder: Path) -> tuple[Path, ...]:
    """Return what stands in a folder, by name; nothing where there is none."""
    try:
        return tuple(sorted(folder.iterdir()))
    except OSError:
        return ()
