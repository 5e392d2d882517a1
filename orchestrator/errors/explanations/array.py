"""Codes of the array side."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "array.unreachable": Explanation(
        "The array did not answer.",
        "Check address and network: `quiesce array test NAME`.",
    ),
    "array.untrusted": Explanation(
        "The array's certificate is not signed by the CA that was registered, or is for another name.",
        "Register the right CA with --ca-file. Verification is never switched off.",
    ),
    "array.login-failed": Explanation(
        "The array did not accept the secret: wrong, expired or revoked.",
        "Renew the secret that the array's reference points to, then `quiesce array test NAME`.",
    ),
    "array.not-permitted": Explanation(
        "The array account lacks a right.",
        "Grant the role that the provider's README names.",
    ),
    "array.busy": Explanation(
        "The array was overloaded and did not execute the request.",
        "Run again at a quieter time.",
    ),
    "array.rejected": Explanation(
        "The array refused a request.",
        "Read the array's own words in the message.",
    ),
    "array.full": Explanation(
        "The array has no room for another replica.",
        "Free space on the array, or expire old sets with `quiesce set delete`.",
    ),
    "array.name-taken": Explanation(
        "A cut found its name taken. A cut whose own answer we do not have is never accepted.",
        "Run again: every attempt uses fresh names.",
    ),
    "array.answer-lost": Explanation(
        "A request got no answer: it may or may not have been executed.",
        "Nothing to do now: what the request may have made is looked up and removed.",
    ),
    "array.bad-answer": Explanation(
        "The array's answer does not have the documented form.",
        "Check the array's software version against the provider's README and report the difference.",
    ),
    "array.partial-cut": Explanation(
        "The array cut some of the planned array volumes only, or not at one instant.",
        "Check the array's alerts and that nobody edits our protection groups, then run again.",
    ),
    "array.members-changed": Explanation(
        "The members of a consistency group were edited between arming and the cut.",
        "Find out who edits consistency groups of Quiesce on this array, then run again.",
    ),
    "array.version-not-supported": Explanation(
        "The array speaks none of the versions of its API that the provider knows.",
        "Update the array's software; the provider's README names the versions.",
    ),
    "array.volume-not-supported": Explanation(
        "An array volume is of a kind that a cut of ours cannot hold (in a pod, a replication target, a name "
        "too long).",
        "Move the data to an ordinary array volume, or give it a shorter name.",
    ),
    "array.cannot-clone": Explanation(
        "The array's provider makes no array volumes from replicas.",
        "Leave `clone` out of the job; the proven set itself is kept.",
    ),
    "array.cannot-reflink": Explanation(
        "The store lies on a file system whose files cannot share blocks: LUN files cannot be copied inside "
        "a freeze window.",
        "Put the store on XFS made with reflink=1, or on btrfs.",
    ),
    "array.store-not-usable": Explanation(
        "The folder of a store lacks what a store needs, or others may change what Quiesce keeps in it.",
        "Put right what the message names: a folder `luns` with the LUN files, and a folder `.quiesce` that "
        "belongs to the account of Quiesce and that nobody else may enter (mode 0700).",
    ),
    "array.in-use": Explanation(
        "A clone is still used: mounted on this machine, open in some process, or presented to another host.",
        "Unmount it and close it (`lsof DEVICE` names who has it open), then try again.",
    ),
    "array.loop-device-failed": Explanation(
        "A loop device could not be made, listed or taken away.",
        "Read the reason given. It needs the program `losetup` and the right CAP_SYS_ADMIN (root).",
    ),
    "array.cannot-present": Explanation(
        "The array shows no clones to this machine: its provider cannot, or was not told to whom.",
        "Register the array with the setting that names this machine's host object (`present_to`), where its "
        "kind has one. Else present the array volume with the array's own tools; `quiesce set show ID` names "
        "it.",
    ),
    "array.other-identity": Explanation(
        "Another array answers at this address than the one that was registered.",
        "Find out what changed. If it is meant to be so, `quiesce array remove NAME` and add it again.",
    ),
}
