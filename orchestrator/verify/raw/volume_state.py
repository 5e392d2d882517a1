"""Whether a volume was at rest when it was copied: its dirty flag, and the state of its own log."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from orchestrator.verify.raw.records import FILE, VOLUME_INFORMATION, resident_values, unsealed

LOG_RECORD: Final = 2
VOLUME_RECORD: Final = 3
FLAGS_AT: Final = 10
DIRTY: Final = 0x0001

# $LogFile, as libfsntfs and the Linux-NTFS project document it: two restart pages, of which the newer counts.
RESTART_BYTES: Final = 2 * 4096
RESTART: Final = struct.Struct("<4sHHQIIH")
AREA: Final = struct.Struct("<QHHHH")
NO_CLIENT: Final = 0xFFFF
VOLUME_IS_CLEAN: Final = 0x0002


def is_marked_dirty(record: bytes) -> bool:
    """Tell whether record 3 of the $MFT says that the volume wants to be checked."""
    data = unsealed(record)
    if data is None or not data.startswith(FILE):
        return False
    flags = (value[FLAGS_AT : FLAGS_AT + 2] for value in resident_values(data, VOLUME_INFORMATION))
    return any(int.from_bytes(each, "little") & DIRTY for each in flags)


def needs_replay(log_start: bytes) -> bool:
    """Tell whether changes of the file system itself stand in its log only.

    Args:
        log_start: the first 8 KiB of $LogFile.
    """
    if not log_start or log_start.startswith((b"\xff\xff\xff\xff", b"CHKD")):
        return False  # never used, or emptied by a check
    areas = list(_restart_areas(log_start))
    if not areas:
        return True
    _, _, _, in_use, flags = max(areas)
    return in_use != NO_CLIENT and not flags & VOLUME_IS_CLEAN


def _restart_areas(log_start: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    for page_at in range(0, len(log_start), 4096):
        page = unsealed(log_start[page_at : page_at + 4096])
        if page is None or not page.startswith(b"RSTR"):
            continue
        area_at = RESTART.unpack_from(page)[6]
        if area_at + AREA.size <= len(page):
            yield AREA.unpack_from(page, area_at)
