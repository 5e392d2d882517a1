"""Codes of records."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "evidence.malformed": Explanation(
        "The file is not a record as Quiesce writes it, byte for byte.",
        "Get the file again from where it was kept. A record is never edited.",
    ),
    "evidence.bad-signature": Explanation(
        "The signature does not fit the record.",
        "The record was altered or damaged. Do not use the set.",
    ),
    "evidence.wrong-key": Explanation(
        "The record is signed by another key than the one given.",
        "Use the public key of the installation that made the record.",
    ),
    "evidence.chain-broken": Explanation(
        "A record of the chain is missing, was moved, or does not follow from the one before.",
        "Get the whole chain again; if a record is gone, the later ones prove nothing of it.",
    ),
    "evidence.head-differs": Explanation(
        "The last record is not the head that was kept elsewhere: the tail was cut off.",
        "Find the missing records, or treat the chain as incomplete.",
    ),
    "evidence.claim-not-supported": Explanation(
        "The recorded times and facts do not support what the record claims: R1 fails when applied again.",
        "Do not use the set.",
    ),
    "evidence.wrong-subject": Explanation(
        "The record speaks of another replica.",
        "Use the record that was written for this set.",
    ),
    "evidence.unknown-type": Explanation(
        "The record is of a type that this version does not know.",
        "Use the version of Quiesce that made the record, or a newer one.",
    ),
    "evidence.folder-busy": Explanation(
        "Another process has held the lock of an evidence or key folder for too long.",
        "Find the process that hangs (`fuser` on the .lock file in the folder) and end it.",
    ),
}
