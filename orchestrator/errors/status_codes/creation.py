"""Status codes of VSS itself while a set is begun, filled and made. Names and numbers: vsserror.h."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.retry_class import RetryClass
from orchestrator.errors.status_codes.status_code import StatusCode

ENTRIES: Final[dict[int, StatusCode]] = {
    0x00042309: StatusCode(
        "VSS_S_ASYNC_PENDING",
        "The operation is still running.",
        "Wait. If it never ends, restart the Volume Shadow Copy service when no backup is at work.",
        RetryClass.SECONDS,
    ),
    0x0004230A: StatusCode(
        "VSS_S_ASYNC_FINISHED",
        "The set is finished: the one final status that means success.",
        "Nothing to do.",
        RetryClass.NOT_AN_ERROR,
    ),
    0x0004230B: StatusCode(
        "VSS_S_ASYNC_CANCELLED",
        "Somebody cancelled the operation.",
        "Find out who did, then start a new run.",
        RetryClass.NEVER,
    ),
    0x80042301: StatusCode(
        "VSS_E_BAD_STATE",
        "A call came out of order, or to an object that had served a backup already: a fault of Quiesce.",
        "Start a new run, and report the fault with the run's record.",
        RetryClass.NEVER,
    ),
    0x80042302: StatusCode(
        "VSS_E_UNEXPECTED",
        "VSS failed for a reason that it has no code for.",
        "Read the entries of VSS in the host's Application log, then run again.",
        RetryClass.SOON,
    ),
    0x80042303: StatusCode(
        "VSS_E_PROVIDER_ALREADY_REGISTERED",
        "A VSS provider with this id is registered on the host already.",
        "Unregister the old one first: `vssadmin list providers` shows it.",
        RetryClass.NOT_AN_ERROR,
    ),
    0x80042304: StatusCode(
        "VSS_E_PROVIDER_NOT_REGISTERED",
        "The host knows no VSS provider with this id.",
        "Install the host agent again; `vssadmin list providers` must then show its VSS provider.",
        RetryClass.NEVER,
    ),
    0x80042306: StatusCode(
        "VSS_E_PROVIDER_VETO",
        "The VSS provider refused: array full, array or orchestrator not reachable, or it said so in time.",
        "Read the VSS provider's own entry in the host's Application log, mend what it names, run again.",
        RetryClass.LATER,
    ),
    0x80042307: StatusCode(
        "VSS_E_PROVIDER_IN_USE",
        "The VSS provider is at work and cannot be unregistered.",
        "Wait until no shadow copy set is being made, then try again.",
        RetryClass.SECONDS,
    ),
    0x80042308: StatusCode(
        "VSS_E_OBJECT_NOT_FOUND",
        "A volume, shadow copy, set or writer that was named is not there. For a writer: its service does "
        "not run, or it is disabled.",
        "`vssadmin list writers` and `vssadmin list volumes` on the host show what is there. Start the "
        "writer's service.",
        RetryClass.NEVER,
    ),
    0x8004230C: StatusCode(
        "VSS_E_VOLUME_NOT_SUPPORTED",
        "No VSS provider takes this volume. From a file server (FSRVP) the same number says that the share "
        "or the request is not supported.",
        "Look at the volume's layout: dynamic disks and volumes over several arrays are not taken.",
        RetryClass.NEVER,
    ),
    0x8004230D: StatusCode(
        "VSS_E_OBJECT_ALREADY_EXISTS",
        "A volume or a component was added to the set twice.",
        "Two mount points of one volume are one volume. Report the fault with the run's record.",
        RetryClass.NEVER,
    ),
    0x8004230E: StatusCode(
        "VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER",
        "The VSS provider that was chosen does not take this volume: a foreign LUN, LUNs of several arrays, "
        "or no space.",
        "`quiesce host test NAME` shows which LUN no registered array knows. Register its array, or mend "
        "the layout.",
        RetryClass.NEVER,
    ),
    0x8004230F: StatusCode(
        "VSS_E_UNEXPECTED_PROVIDER_ERROR",
        "The VSS provider ended, or answered with a code that it must not use.",
        "Restart the VSS provider's service or update it, wait 10 minutes, and run again.",
        RetryClass.LATER,
    ),
    0x80042310: StatusCode(
        "VSS_E_CORRUPT_XML_DOCUMENT",
        "The document that describes the backup is damaged.",
        "Start a new run. For an import, take the document from the set's own record.",
        RetryClass.NEVER,
    ),
    0x80042311: StatusCode(
        "VSS_E_INVALID_XML_DOCUMENT",
        "The document that describes the backup, or a writer's metadata, does not have the form it should.",
        "Start a new run. If a writer's metadata are at fault, update the application behind it.",
        RetryClass.NEVER,
    ),
    0x80042312: StatusCode(
        "VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED",
        "The set has more than 64 volumes, or more than the VSS provider takes.",
        "Select fewer databases for a job, and make several jobs of it.",
        RetryClass.NEVER,
    ),
    0x80042313: StatusCode(
        "VSS_E_FLUSH_WRITES_TIMEOUT",
        "The file systems could not be flushed in time: heavy writes, slow storage or a failing path.",
        "Run at a quieter hour, check latency and multipath, select fewer databases, wait 10 minutes.",
        RetryClass.LATER,
    ),
    0x80042314: StatusCode(
        "VSS_E_HOLD_WRITES_TIMEOUT",
        "The copies were not cut within the 10 s for which VSS holds writes.",
        "Find the slow array with `quiesce array test NAME`, select fewer databases, wait 10 minutes, and "
        "run again, three times at most.",
        RetryClass.LATER,
    ),
    0x80042316: StatusCode(
        "VSS_E_SNAPSHOT_SET_IN_PROGRESS",
        "Another program is making a shadow copy set on this host; only one can be in creation.",
        "Wait for the other backup to end, then run again. Stagger the schedules.",
        RetryClass.SECONDS,
    ),
    0x80042317: StatusCode(
        "VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED",
        "The volume has as many shadow copies as it can have.",
        "Delete old ones: `vssadmin list shadows` and `vssadmin delete shadows` on the host.",
        RetryClass.NEVER,
    ),
    0x8004231B: StatusCode(
        "VSS_E_UNSUPPORTED_CONTEXT",
        "The VSS provider cannot make shadow copies of the kind that the job asks for.",
        'Try `context = "0x29"` in the job file, which leaves the technique to the array.',
        RetryClass.NEVER,
    ),
    0x8004231D: StatusCode(
        "VSS_E_VOLUME_IN_USE",
        "The volume keeps the differences of another one's shadow copies.",
        "Delete those shadow copies first: `vssadmin list shadowstorage` shows them.",
        RetryClass.NEVER,
    ),
    0x8004231E: StatusCode(
        "VSS_E_MAXIMUM_DIFFAREA_ASSOCIATIONS_REACHED",
        "The volume's shadow copies have as many places for differences as they can have.",
        "Remove one: `vssadmin delete shadowstorage`.",
        RetryClass.NEVER,
    ),
    0x8004231F: StatusCode(
        "VSS_E_INSUFFICIENT_STORAGE",
        "There is no space for the copies.",
        "Free space on the array, or delete old sets: `quiesce set list`, `quiesce set delete`.",
        RetryClass.NEVER,
    ),
    0x80042327: StatusCode(
        "VSS_E_REBOOT_REQUIRED",
        "The host has to be restarted first.",
        "Restart it, wait 10 minutes, run again.",
        RetryClass.NEVER,
    ),
    0x80042328: StatusCode(
        "VSS_E_TRANSACTION_FREEZE_TIMEOUT",
        "Transactions under way did not come to rest in time.",
        "Run at a quieter hour; check the Distributed Transaction Coordinator. Wait 10 minutes.",
        RetryClass.LATER,
    ),
    0x80042329: StatusCode(
        "VSS_E_TRANSACTION_THAW_TIMEOUT",
        "Transactions could not be let go on in time: the freeze took too long.",
        "As for the freeze: a quieter hour, fewer databases. Wait 10 minutes.",
        RetryClass.LATER,
    ),
    0x8004232C: StatusCode(
        "VSS_E_NESTED_VOLUME_LIMIT",
        "The volume lies in a virtual disk file that lies in another one, too deep for VSS.",
        "Put it on a LUN of its own.",
        RetryClass.NEVER,
    ),
    0x8004232D: StatusCode(
        "VSS_E_VOLUME_NOT_LOCAL",
        "The volume is a cluster shared volume that another node owns.",
        "Register the node that owns it, or move it to this one.",
        RetryClass.NEVER,
    ),
    0x8004232E: StatusCode(
        "VSS_E_CLUSTER_TIMEOUT",
        "The cluster did not prepare its shared volumes in time.",
        "Wait 10 minutes and run again; read the cluster's log if it stays.",
        RetryClass.LATER,
    ),
    0x8004232F: StatusCode(
        "VSS_E_NOT_SUPPORTED",
        "What was asked for is not supported on this host.",
        "See whether its version is among the supported hosts.",
        RetryClass.NEVER,
    ),
    0x800423F7: StatusCode(
        "VSS_E_LEGACY_PROVIDER",
        "The VSS provider is too old for what was asked of it.",
        "Update it.",
        RetryClass.NEVER,
    ),
    0x80042400: StatusCode(
        "VSS_E_CLUSTER_ERROR",
        "A disk of a cluster is not in maintenance mode, or the cluster refused.",
        "Import on a host outside the cluster that owns the source.",
        RetryClass.NEVER,
    ),
}
