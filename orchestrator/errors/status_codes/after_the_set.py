"""Status codes of import, revert, remote and file-share shadow copies. Names and numbers: vsserror.h."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.retry_class import RetryClass
from orchestrator.errors.status_codes.status_code import StatusCode

_ARRIVE: Final = (
    "Check zoning and the array's mapping to the importing host, rescan its disks, check that automount is "
    "on and that no two LUNs carry the same identity; then import again. The set itself is good."
)

ENTRIES: Final[dict[int, StatusCode]] = {
    0x00042321: StatusCode(
        "VSS_S_SOME_SNAPSHOTS_NOT_IMPORTED",
        "Only part of the set has arrived on the importing host. Quiesce counts that as a failure.",
        _ARRIVE,
        RetryClass.IMPORT_ONLY,
    ),
    0x80042320: StatusCode(
        "VSS_E_NO_SNAPSHOTS_IMPORTED",
        "None of the set's LUNs has arrived on the importing host, or none is the one expected.",
        _ARRIVE,
        RetryClass.IMPORT_ONLY,
    ),
    0x80042321: StatusCode(
        "VSS_E_SOME_SNAPSHOTS_NOT_IMPORTED",
        "Some of the set's LUNs have not arrived on the importing host, or are not those expected.",
        _ARRIVE,
        RetryClass.IMPORT_ONLY,
    ),
    0x800423F8: StatusCode(
        "VSS_E_MISSING_DISK", "A disk of the set has not arrived.", _ARRIVE, RetryClass.IMPORT_ONLY
    ),
    0x800423F9: StatusCode(
        "VSS_E_MISSING_HIDDEN_VOLUME",
        "A hidden volume of the set has not arrived.",
        _ARRIVE,
        RetryClass.IMPORT_ONLY,
    ),
    0x800423FA: StatusCode(
        "VSS_E_MISSING_VOLUME", "A volume of the set has not arrived.", _ARRIVE, RetryClass.IMPORT_ONLY
    ),
    0x80042322: StatusCode(
        "VSS_E_MAXIMUM_NUMBER_OF_REMOTE_MACHINES_REACHED",
        "The set spans more file servers than VSS takes.",
        "Wait 10 minutes; if it stays, select what lies on fewer servers.",
        RetryClass.LATER,
    ),
    0x80042323: StatusCode(
        "VSS_E_REMOTE_SERVER_UNAVAILABLE",
        "The file server's shadow copy service did not answer.",
        "Check the server and the network, wait 10 minutes.",
        RetryClass.LATER,
    ),
    0x80042324: StatusCode(
        "VSS_E_REMOTE_SERVER_UNSUPPORTED",
        "The file server's shadow copy service is of a version that cannot be used.",
        "Update the server, or put the data on a LUN.",
        RetryClass.NEVER,
    ),
    0x80042325: StatusCode(
        "VSS_E_REVERT_IN_PROGRESS",
        "The volume is being put back to an earlier shadow copy.",
        "Wait until that has ended.",
        RetryClass.SECONDS,
    ),
    0x80042326: StatusCode(
        "VSS_E_REVERT_VOLUME_LOST",
        "The volume went away while it was put back to an earlier shadow copy.",
        "Look for the disk on the host; start again when it is there.",
        RetryClass.NEVER,
    ),
    0x8004232A: StatusCode(
        "VSS_E_UNSELECTED_VOLUME",
        "To resynchronise the LUN would overwrite a volume that was not selected.",
        "Select every volume on the LUN, or restore files instead.",
        RetryClass.NEVER,
    ),
    0x8004232B: StatusCode(
        "VSS_E_SNAPSHOT_NOT_IN_SET",
        "The shadow copy does not belong to the set that was named.",
        "Name the set that it was made in.",
        RetryClass.NEVER,
    ),
    0x800423F6: StatusCode(
        "VSS_E_BREAK_REVERT_ID_FAILED",
        "The disk's identity could not be put back, because a disk with it is online.",
        "Withdraw the source from this host first.",
        RetryClass.NEVER,
    ),
    0x800423FB: StatusCode(
        "VSS_E_AUTORECOVERY_FAILED",
        "The shadow copy could not be made writable for the writers' recovery.",
        "Read the entries of VSS in the host's Application log.",
        RetryClass.NEVER,
    ),
    0x800423FC: StatusCode(
        "VSS_E_DYNAMIC_DISK_ERROR",
        "A dynamic disk is in the way.",
        "Move the database to basic disks.",
        RetryClass.NEVER,
    ),
    0x800423FD: StatusCode(
        "VSS_E_NONTRANSPORTABLE_BCD",
        "The document describes a set that was not made for another host.",
        "Make a new set with a transportable context, which is the default of a job.",
        RetryClass.NEVER,
    ),
    0x800423FE: StatusCode(
        "VSS_E_CANNOT_REVERT_DISKID",
        "The disk's identity cannot be put back.",
        "Withdraw the disk that has the same identity, then try again.",
        RetryClass.NEVER,
    ),
    0x800423FF: StatusCode(
        "VSS_E_RESYNC_IN_PROGRESS",
        "A LUN is being resynchronised.",
        "Wait until the array has ended that.",
        RetryClass.SECONDS,
    ),
    0x80042417: StatusCode(
        "VSS_E_FSS_TIMEOUT",
        "The file server did not prepare its copies in time.",
        "Wait 10 minutes and run again.",
        RetryClass.LATER,
    ),
    # A number of MS-FSRVP only, which vsserror.h does not have.
    0x80042501: StatusCode(
        "FSRVP_E_SHADOWCOPYSET_ID_MISMATCH",
        "A file server (FSRVP) was asked about another set than the one that it is making.",
        "Start a new run; one set at a time can be in creation there.",
        RetryClass.NEVER,
    ),
}
