"""Codes of looking into clones."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "verify.cannot-read": Explanation(
        "A clone, or a file in it, could not be opened or read.",
        "Check that the clone is presented to this machine and that the user may read it; then verify again.",
    ),
    "verify.contents-failed": Explanation(
        "A look into the clones found damage, or logs that do not fit. The set is in quarantine: it is never "
        "presented, and is deleted when the quarantine has expired. The good sets before it stay.",
        "Check the source: a proven clone has the bytes that the production database had. Look at the "
        "verification record, run `quiesce ese check` on the production files' next clone, and check the "
        "storage below before the last good set expires.",
    ),
    "verify.verifier-failed": Explanation(
        "A verifier ended with an error of its own.",
        "The set stays, unverified. `quiesce plugins` names where the verifier came from; tell its author.",
    ),
    "verify.spans-luns": Explanation(
        "A database lies on a host volume that spans several LUNs; nothing here can join their clones.",
        "Verify it on a host that can mount the host volume, or move the database to a basic disk.",
    ),
    "verify.no-known-file-system": Explanation(
        "There is no NTFS volume in the image or device. The message names what was found instead.",
        "Check that it is the right clone and the whole of it. BitLocker, ReFS, dynamic disks and storage "
        "pools are not read: verify those on a host that can mount them.",
    ),
    "verify.which-file-system": Explanation(
        "The image or device has several NTFS volumes, or none of those that were asked for.",
        "Name one by its index, serial number or label; the message lists them.",
    ),
    "verify.file-system-unreadable": Explanation(
        "The NTFS structures of a clone contradict themselves, or looking into them failed.",
        "Check the source: run `chkdsk` (read-only) on the production volume, and check that the clone is "
        "whole. Do not truncate logs.",
    ),
    "verify.file-system-damaged": Explanation(
        "A folder names a file whose own record is damaged or says something else.",
        "Check the source: run `chkdsk` (read-only) on the production volume. Do not truncate logs.",
    ),
    "verify.file-system-dirty": Explanation(
        "The file system was copied in the middle of something, or wants to be checked: it will replay "
        "its own log when it is mounted. Names and sizes were read as they are now.",
        "Nothing needs to be done if the databases are sound. If it stays so, run `chkdsk` (read-only) on "
        "the production volume.",
    ),
    "verify.file-not-plain": Explanation(
        "What lies on disk for a file is not its contents: it is compressed, encrypted, deduplicated or a "
        "link.",
        "Exchange supports none of these for databases and logs: undo it on the production volume, or "
        "verify on a host that mounts the clone.",
    ),
    "verify.partition-table-damaged": Explanation(
        "A disk keeps its partition table twice, and one of the two is damaged or missing. The good one "
        "was used.",
        "Check that the clone is whole: the second table is at the very end. A LUN that was enlarged has "
        "it in the old place until the host rescans its disks.",
    ),
    "verify.partition-cut-off": Explanation(
        "The partition table names a partition that ends behind the end of the device: the image was cut "
        "off.",
        "Compare the size of the clone with that of the array volume, and copy it again.",
    ),
    "verify.stopped": Explanation(
        "The verification was stopped from outside before its end.",
        "Start it again; with a resume file it goes on where it was.",
    ),
    "verify.empty-file": Explanation(
        "A file that should be a database has no bytes at all.",
        "Check the source: the copy or the file system lost the contents. Do not truncate logs.",
    ),
    "verify.partial-page": Explanation(
        "A database ends in the middle of a page, or even of its headers: something cut it off.",
        "Check the source: compare its size with that of the copy, and whether the copying ran to its end.",
    ),
    "verify.cut-off": Explanation(
        "Pages that the engine had taken for the database are not in the file: its end is missing. Checksums "
        "of the pages that are left cannot show that.",
        "Compare the size of the file at the source. If it is longer there, the copy is not whole: check the "
        "array or the copying. If this is a warning, the server may have shortened the file: verify the next "
        "clone.",
    ),
    "verify.shrank": Explanation(
        "A file became shorter while it was read: somebody writes to what should be a clone at rest.",
        "Find out who has it open. Verify the clone itself, not a file that is in use.",
    ),
    "verify.streaming-not-checked": Explanation(
        "The checksums of a streaming file (.stm, Exchange 2000 and 2003) lie inside its database, in a form "
        "that was never published.",
        "Nothing needs to be done; know that the pages of this file were not verified.",
    ),
    "verify.trailer-page": Explanation(
        "A streaming backup or restore wrote the database: it leaves a patch header as the last page.",
        "Nothing needs to be done. In a clone of a running server it would be a surprise: check the source.",
    ),
    "verify.resume-not-used": Explanation(
        "The file has changed since the verification was interrupted, or the resume file is of another one.",
        "Nothing needs to be done: the file was read from its start.",
    ),
    "verify.too-many-files": Explanation(
        "There are more files or deeper folders than are looked through: databases may have been missed.",
        "Name the folder of the databases, and that of the logs, instead of a whole volume.",
    ),
    "verify.nothing-found": Explanation(
        "No file in this place is a database or a log.",
        "Check that it is the right folder or volume, and that the clone is the right one.",
    ),
    "verify.nothing-of-ours": Explanation(
        "What is at this path is no database, log, folder or NTFS volume.",
        "Name a database, a log, a folder with them, or a raw image or block device with NTFS.",
    ),
    "verify.log-too-large": Explanation(
        "A file has the name of a log, but is larger than any log can be.",
        "Check the source: the file is not what its name says.",
    ),
    "verify.file-missing": Explanation(
        "The writer named a file that is not in the clone.",
        "Check that every volume of the database is in the set, and that the clone is of the right time.",
    ),
    "verify.no-logs": Explanation(
        "The writer named logs, and there is not one of them in the clone.",
        "Check that the log volume is in the set. The database cannot be brought up without logs: keep those "
        "of the source.",
    ),
}
