"""Numbers of Exchange's database engine (ESE) that a backup meets. Numbers and names: Microsoft's jethdr.

Events of the host show them as negative decimals or as 0xfffff69d.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class EseError(NamedTuple):
    """An engine error's name, why it appears, and what to do next."""

    name: str
    cause: str
    remedy: str


ESE_ERRORS: Final[dict[int, EseError]] = {
    -501: EseError(
        "JET_errLogFileCorrupt",
        "A log file is damaged.",
        "`quiesce ese check` says where. Restore an earlier clone, or reseed from another copy.",
    ),
    -526: EseError(
        "JET_errInvalidBackup",
        "An incremental backup was asked for while circular logging is on.",
        "Make full or copy backups, or switch circular logging off.",
    ),
    -543: EseError(
        "JET_errRequiredLogFilesMissing",
        "Log files that recovery needs are missing.",
        "`quiesce ese check` names the range. Bring them back from a copy; never delete logs by hand.",
    ),
    -550: EseError(
        "JET_errDatabaseDirtyShutdown",
        "The database was not shut down cleanly: it needs its logs. Every clone of a running database is so.",
        "Let recovery replay the logs that were cloned with it.",
    ),
    -560: EseError(
        "JET_errMissingFullBackup",
        "An incremental or differential backup was asked for before any full one.",
        "Make a full backup through VSS first.",
    ),
    -1018: EseError(
        "JET_errReadVerifyFailure",
        "A page's checksum does not fit its contents: the storage, or a torn cut, has damaged it.",
        "Put the clone aside, check the source likewise, and restore an earlier clone or reseed.",
    ),
    -1019: EseError(
        "JET_errPageNotInitialized",
        "A page that should hold data is empty: a write was lost.",
        "As for -1018: check the source, then restore or reseed.",
    ),
    -1022: EseError(
        "JET_errDiskIO",
        "The operating system could not read or write.",
        "Look for disk and path errors in the host's System log.",
    ),
    -1206: EseError(
        "JET_errDatabaseCorrupted",
        "The database is damaged in its structure.",
        "`quiesce ese check --logical` says where. Restore an earlier clone, or reseed.",
    ),
    -2401: EseError(
        "JET_errOSSnapshotInvalidSequence",
        "Freeze and thaw of the engine came out of order, often after an earlier freeze had failed.",
        "Start a new run. If it stays, restart the service that owns the writer.",
    ),
    -2402: EseError(
        "JET_errOSSnapshotTimeOut",
        "The engine thawed by itself because the freeze took too long.",
        "Select fewer databases, run at a quieter hour, check storage latency.",
    ),
    -2403: EseError(
        "JET_errOSSnapshotNotAllowed",
        "The engine may not freeze: a backup or a recovery is under way.",
        "Let the other backup end or abort it. If none runs, restart the service that owns the writer.",
    ),
    -2404: EseError(
        "JET_errOSSnapshotInvalidSnapId",
        "The engine does not know the freeze that it was asked about.",
        "Start a new run.",
    ),
}

_DECIMAL: Final = re.compile(r"-[0-9]{3,4}")
_HEXADECIMAL: Final = re.compile(r"0[xX][fF]{5}[0-9a-fA-F]{3}")


def ese_error_of(text: str) -> int | None:
    """Read a number of the engine as logs print it: -1018, or 0xfffffc06."""
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16) - (1 << 32)
    return None
