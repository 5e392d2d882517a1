"""Codes of what policy declines."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation
from orchestrator.errors.explanations import policy_exchange

ENTRIES: Final[dict[str, Explanation]] = {
    "policy.break-off-refused": Explanation(
        "A copy without a writer freeze (a third-mirror break-off) was asked for, or found without proof. "
        "Its pages and logs may stem from different instants.",
        "Make a proven set with `quiesce run`. To use such a copy anyway, outside Quiesce, it would need "
        "ESEUTIL (/K, then /R or /P) and ISINTEG repair, and may lose mail.",
    ),
    "policy.no-writers-context": Explanation(
        "The VSS context carries the NO_WRITERS bit (0x10, 0x19, 0x1D): no writer would take part.",
        "Leave the context out, or use 0x00040029 or 0x00000029.",
    ),
    "policy.unsupported-context": Explanation(
        "The VSS context is not one that Quiesce makes sets in: they must be persistent, with writers, and "
        "transportable, so that the copy never comes up on the production host beside its source.",
        "Leave the context out, or use 0x00040029, 0x00000029 or 0x00020029.",
    ),
    "policy.host-unsupported": Explanation(
        "The host's Windows cannot be frozen by the kind that it is registered as: the host agent does not "
        "run on it, or it has no VSS that could be used.",
        "See the page on supported hosts for what remains; a virtual machine can be registered by its QEMU "
        "guest agent.",
    ),
    "policy.host-volume-missing": Explanation(
        "The set would lack a host volume that holds files of a selected component.",
        "Add the host volume to the set: a database and its logs belong together (VSS 0x800423F0).",
    ),
    "policy.too-many-volumes": Explanation(
        "A shadow copy set holds at most 64 host volumes.",
        "Select fewer databases, or split the job in two.",
    ),
    "policy.forecast-over-budget": Explanation(
        "The forecast of the freeze window does not fit its budget.",
        "Run at a quieter hour, select fewer databases, or find out why the array answers slowly "
        "(`quiesce array test NAME`).",
    ),
    "policy.grade-out-of-reach": Explanation(
        "The host or a provider cannot reach the grade that the job asks for.",
        "Use a host kind and arrays that reach the grade; a job is never downgraded.",
    ),
    "policy.own-files-frozen": Explanation(
        "Something that the run itself needs lies on a file system that it would freeze: its state folder, "
        "temporary files, output, interpreter, or the store that the copies go to.",
        "Move that to another file system (QUIESCE_HOME names the state folder, TMPDIR the temporary files).",
    ),
    "policy.dynamic-disk": Explanation(
        "A selected host volume lies on a dynamic disk, Storage Spaces or LVM, and not every LUN "
        "behind it is known.",
        "Move the data to a basic disk, or register the arrays of every LUN behind the host volume.",
    ),
    "policy.bystander-volume": Explanation(
        "A LUN of the set also carries a host volume that is not in the set.",
        "Add that host volume's component to the job, or move it to another LUN.",
    ),
    "policy.lun-unknown": Explanation(
        "No registered array knows this LUN.",
        "Register the array that serves it (`quiesce array add`).",
    ),
    "policy.lun-claimed-twice": Explanation(
        "More than one array, or array volume, claims this LUN (replicated or stretched).",
        "Name the array to use for it in the job: [lun_array] in the job file.",
    ),
    "policy.source-is-clone": Explanation(
        "The source LUN is itself a replica made by Quiesce.",
        "Select the production database, not its copy.",
    ),
    "policy.truncation-unverified": Explanation(
        "The job asks for logs to be truncated, and nothing could verify the clone before that.",
        'Use backup_type = "copy" without truncate, and let another backup truncate the logs.',
    ),
    "policy.quarantined": Explanation(
        "The verification of this set found damage: it is in quarantine, and is deleted when that ends.",
        "Use the good set before it. Check the source: its database or storage has the same damage.",
    ),
    "policy.backup-type": Explanation(
        "This backup type is not supported.",
        'Use backup_type = "copy".',
    ),
    "policy.not-selectable": Explanation(
        "The component cannot be selected by itself.",
        "Select the component above it; `quiesce host show NAME` marks the selectable ones.",
    ),
    "policy.too-many-per-cut": Explanation(
        "The array cannot cut this many array volumes at one instant.",
        "Select fewer databases, or split the job in two.",
    ),
    "policy.cut-not-authorised": Explanation(
        "A request marked as a cut had no live token of an open freeze window.",
        "This is a fault of the provider plugin: report it to its author.",
    ),
    "policy.emulated-outside-lab": Explanation(
        "Evidence of an emulated run was offered for something real.",
        "Make a set on the real host and arrays.",
    ),
    "policy.connection-not-proven": Explanation(
        "An array's warm connection was not proven within 5 s of the freeze.",
        "Check the network to the array with `quiesce array test NAME`, then run again.",
    ),
    "policy.set-in-use": Explanation(
        "The set cannot be deleted while the end of its run is not known.",
        "Run `quiesce recover` first.",
    ),
    "policy.array-in-use": Explanation(
        "The array holds replicas of a set on record, which nobody could delete once it is forgotten.",
        "Delete those sets first: `quiesce set list`, `quiesce set delete ID`.",
    ),
    **policy_exchange.ENTRIES,
    "registry.unusable": Explanation(
        "The database in the state folder cannot be opened, read or written.",
        "Read the reason given. If the file is damaged, restore the state folder from its backup.",
    ),
    "registry.other-version": Explanation(
        "The database was made by another version of Quiesce. It was left as it is.",
        "Use the version that made it, or a newer one that can convert it.",
    ),
}
