"""Codes of what is found in ESE files. A finding also carries the engine's own number, if it has one."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation
from orchestrator.errors.explanations import ese_logical, ese_logs

ENTRIES: Final[dict[str, Explanation]] = {
    "ese.header-bad": Explanation(
        "Neither of the two copies of a database's header has a right checksum: the file cannot be mounted.",
        "Check the same file on the production server (`eseutil /mh`). If it is right there, the clone was "
        "damaged on its way: check the array, and take a new one. If not, fail over now, and restore from "
        "an older set.",
    ),
    "ese.header-copy-bad": Explanation(
        "One of the two copies of a database's header is bad. A server that was just rewriting it "
        "leaves that behind.",
        "Nothing, if it is seen once: the other copy is good. If clone after clone has it, check the "
        "source's disks.",
    ),
    "ese.header-copies-differ": Explanation(
        "The two copies of a database's header are both whole but not the same: one had been "
        "rewritten, one not yet.",
        "Nothing, if it is seen once. If clone after clone has it, check that the array cuts all "
        "volumes at once.",
    ),
    "ese.not-a-database": Explanation(
        "A file that should be a database bears the header of another kind of file of the same engine.",
        "Check that the right file was named, and that the map from files to array volumes is right.",
    ),
    "ese.page-bad": Explanation(
        "A page of a database does not match its checksum: what is in it is not what the server wrote.",
        "Check the source first (`eseutil /k` on a passive copy, the server's event log for -1018). If the "
        "source is bad too: fail over, reseed, restore. If it is good: the array or the path damages data, "
        "call its vendor. Keep the last set that verified.",
    ),
    "ese.page-correctable": Explanation(
        "A single bit of a page is wrong. The engine corrects it when it reads the page; no data is "
        "lost yet.",
        "Take it as a warning of the storage: check the same page on the source, the memory (ECC "
        "events) and disks.",
    ),
    "ese.page-misplaced": Explanation(
        "A page is whole, but lies where another page belongs: something wrote it, or reads it, at a "
        "wrong place.",
        "Check the source (`eseutil /k`). If it is good there, the clone's volumes are mixed up or the array "
        "misdirects: do not use the clone, and call the vendor.",
    ),
    "ese.unknown-version": Explanation(
        "A database was written in a format that this version of Quiesce does not know.",
        "Its checksums were checked as usual. Look for a newer Quiesce before you rely on the other fields.",
    ),
    **ese_logs.ENTRIES,
    **ese_logical.ENTRIES,
}
