"""Events of a Windows Application log that a backup of Exchange leaves behind.

Those of ESE are from its published message file (jetmsg.mc); 9607, 9611 and VolSnap's 25 from Microsoft's
articles 910250, 933779 and 826936; those marked as recalled rest on memory of real logs alone.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Event(NamedTuple):
    """An event's source, what it says, what to do next, and whether only memory vouches for it."""

    name: str
    cause: str
    remedy: str
    recalled: bool = False


_NOTHING: Final = "Nothing to do."
_ESE_STOPPED: Final = "The run is aborted and undone. Read the number in the event: `quiesce errors NUMBER`."
_READ_CODE: Final = "Read the code in the event's text: `quiesce errors CODE`."
_DAMAGE: Final = "Check the source with `quiesce ese check`; restore an earlier clone, or reseed."


def _good(source: str, cause: str, *, recalled: bool = False) -> Event:
    return Event(source, cause, _NOTHING, recalled)


EVENTS: Final[dict[int, Event]] = {
    25: Event(
        "VolSnap",
        "The space for differences could not grow in time: every shadow copy of the volume is lost.",
        "Enlarge or move that space, or let the array make the copies.",
    ),
    206: Event("ESE", "No full backup came before an incremental one.", "Make a full backup through VSS."),
    213: _good("ESE", "The backup is completed."),
    214: Event("ESE", "The backup stopped with an error.", _ESE_STOPPED),
    224: _good("ESE", "Logs were deleted after a backup; the event names the range."),
    225: _good("ESE", "No logs were to be deleted: recovery needs every one, or it was a copy backup."),
    227: Event("ESE", "Logs are missing from the backup.", "Never delete logs by hand; make a full backup."),
    301: _good("ESE", "Recovery has replayed a log."),
    302: _good("ESE", "Recovery is done."),
    399: Event(
        "ESE",
        "A page with one wrong bit was mended.",
        "The storage or the memory begins to fail: look for its own alarms.",
    ),
    454: Event("ESE", "Recovery failed.", "`quiesce ese check` says which logs it lacks."),
    474: Event("ESE", "A page's checksum is wrong (-1018).", _DAMAGE),
    475: Event("ESE", "A page carries another page's number.", _DAMAGE),
    477: Event("ESE", "A log's checksum is wrong.", _DAMAGE),
    494: Event(
        "ESE",
        "A database and its logs do not belong together, or some are missing.",
        "Take database and logs from one set; `quiesce ese check` says what is missing.",
    ),
    517: Event("ESE", "Logs or checkpoint do not fit the database.", "Take database and logs from one set."),
    520: Event("ESE", "Logs could not be deleted after a backup.", "Look for what holds them open."),
    2001: _good("ESE", "The engine's freeze began."),
    2002: Event("ESE", "The engine could not freeze.", _ESE_STOPPED),
    2003: _good("ESE", "The engine's freeze ended."),
    2004: Event(
        "ESE",
        "The engine thawed by itself because the freeze took too long.",
        "Select fewer databases, run at a quieter hour, check storage latency and scanners.",
    ),
    2005: _good("ESE", "A full shadow copy backup begins."),
    2006: _good("ESE", "The shadow copy backup is completed."),
    2007: Event("ESE", "The shadow copy backup was aborted.", "The run's record says why."),
    2008: _good("ESE", "An incremental shadow copy backup begins."),
    2009: _good("ESE", "A copy shadow copy backup begins: logs are kept."),
    2010: _good("ESE", "A differential shadow copy backup begins."),
    2023: _good("MSExchangeRepl", "The writer prepares for a backup.", recalled=True),
    2025: _good("MSExchangeRepl", "The writer is prepared for the shadow copy.", recalled=True),
    2027: _good("MSExchangeRepl", "The writer has frozen its databases.", recalled=True),
    2029: _good("MSExchangeRepl", "The writer has thawed its databases.", recalled=True),
    2033: _good("MSExchangeRepl", "The writer was told that the backup is complete.", recalled=True),
    2046: _good("MSExchangeRepl", "The backup has ended, and logs will be truncated.", recalled=True),
    8193: Event("VSS", "A call failed in a way that VSS did not expect.", _READ_CODE, recalled=True),
    8194: Event(
        "VSS",
        "A writer was not allowed to call the requestor back.",
        "Run the host agent as LocalSystem. In a QEMU guest it is noise as long as jobs succeed.",
    ),
    8229: Event("VSS", "A writer refused an event.", _READ_CODE),
    9606: _good("MSExchangeIS", "The writer has prepared for a backup.", recalled=True),
    9607: Event(
        "MSExchangeIS",
        "The writer could not prepare. 0x50d says that a backup is in progress already: an earlier requestor "
        "never told it the end.",
        "Let the other job end or abort it; else restart the store's service in a quiet moment. Never delete "
        "logs by hand.",
    ),
    9610: _good("MSExchangeIS", "The writer has frozen its databases.", recalled=True),
    9611: Event(
        "MSExchangeIS",
        "The writer could not freeze; 0xfffff69d (-2403) says that a backup or a recovery is under way.",
        "Let the other job end; else restart the store's service in a quiet moment.",
    ),
    9612: _good("MSExchangeIS", "The writer has thawed its databases.", recalled=True),
    9616: _good("MSExchangeIS", "The writer was told that the backup is complete.", recalled=True),
    9780: _good("MSExchangeIS", "A full or incremental backup is done; logs will go.", recalled=True),
    9782: _good("MSExchangeIS", "A copy or differential backup is done; logs are kept.", recalled=True),
    12293: Event("VSS", "A call to a VSS provider failed.", _READ_CODE, recalled=True),
    12298: Event(
        "VSS",
        "Writes could not be held, or not for long enough.",
        "As for 0x80042314: find the slow array, select fewer databases.",
        recalled=True,
    ),
    12310: Event(
        "VSS", "The copies could not be cut.", "Read the VSS provider's own event beside it.", recalled=True
    ),
}

_EVENT: Final = re.compile(r"(?i:event:)([0-9]{1,5})")


def event_of(text: str) -> int | None:
    """Read an event's number as users write it: EVENT:2004."""
    found = _EVENT.fullmatch(text)
    return None if found is None else int(found[1])
