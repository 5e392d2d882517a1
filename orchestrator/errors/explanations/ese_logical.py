"""Codes of the walk through a database's trees: damage that no checksum shows."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

# What a checksum cannot see was mostly written by the server itself, so the source has it too.
_CHECK_THE_SOURCE: Final = (
    "Do not truncate logs and keep the last set that verified. Check the source: a passive copy with "
    "`eseutil /g`, or the newest older set with `quiesce ese check --logical`. "
    "If the source has it too: fail over to a copy that has not, move mailboxes away or restore. "
    "If it has not: the array or the path lost writes, call the vendor."
)
_SPACE: Final = "Nothing is lost yet, but two tables may come to write over each other. " + _CHECK_THE_SOURCE
_NOTHING: Final = (
    "Nothing for the backup. It goes away with an offline defragmentation or a move of mailboxes."
)


def _inside(cause: str) -> Explanation:
    return Explanation(f"{cause} Its checksum is right: it was written like that.", _CHECK_THE_SOURCE)


def _between(cause: str) -> Explanation:
    return Explanation(
        f"{cause} In a dirty database this is a warning: the logs may put it right.", _CHECK_THE_SOURCE
    )


def _space(cause: str) -> Explanation:
    return Explanation(f"{cause} In a dirty database this is a warning: the logs may put it right.", _SPACE)


ENTRIES: Final[dict[str, Explanation]] = {
    "ese.logical-tags": _inside("The list of records in a page cannot be right."),
    "ese.logical-tags-overlap": _inside("Two records in a page share bytes."),
    "ese.logical-page-space": _inside("Used and free bytes of a page do not add up."),
    "ese.logical-node": _inside(
        "A record in a page has impossible lengths, or is not what such a page holds."
    ),
    "ese.logical-prefix": _inside("A record takes more of the key that a page shares than there is."),
    "ese.logical-key-order": _inside("Keys in a page are not in order: some of its records cannot be found."),
    "ese.logical-record": _inside("The columns of a record do not fit into it."),
    "ese.logical-extent": _inside("An entry of the lists of free and owned pages makes no sense."),
    "ese.logical-space-header": _inside(
        "The first page of a tree does not tell properly which pages are the tree's, or names a wrong parent."
    ),
    "ese.logical-sibling-link": _between(
        "Pages that come one after the other are not chained like that: scans skip records, or never end."
    ),
    "ese.logical-key-range": _between(
        "A page holds keys that do not belong there: searches for them look elsewhere and find nothing."
    ),
    "ese.logical-level": _between("A tree is not equally deep everywhere."),
    "ese.logical-objid": _between("A page in a table's tree says that it belongs to another one."),
    "ese.logical-page-kind": _between("A page in a tree is of a kind that does not occur there."),
    "ese.logical-empty-page": _between(
        "A tree holds a page with nothing in it, which should have been taken out."
    ),
    "ese.logical-blank-page": _between(
        "A page that a table needs is all zero: it was never written, or wiped. Checksums do not show that."
    ),
    "ese.logical-foreign-page": _between("A page points to a page of another table."),
    "ese.logical-page-outside": _between(
        "Something points beyond the end of the file: the file may be cut short."
    ),
    "ese.logical-reached-twice": _between("Two pages point to the same page, or a page to one above it."),
    "ese.logical-orphan": _between(
        "A page holds records, and nothing leads to it: these records are lost to searches."
    ),
    "ese.logical-not-owned": _space("A table uses or owns a page that it was never given."),
    "ese.logical-owned-twice": _space("A page belongs to two tables."),
    "ese.logical-available-in-use": _space("A page is in use and also in stock, to be given away."),
    "ese.logical-available-twice": _space("A page is in stock twice."),
    "ese.logical-available-not-owned": _space("A table has a page in stock that is not its own."),
    "ese.logical-catalog-entry": _between(
        "The list of tables names something that is not where it should be."
    ),
    "ese.logical-catalog-shadow": _between(
        "The list of tables and its second copy do not have as many entries."
    ),
    "ese.logical-long-value": _between("A long value, a message body for instance, is not whole."),
    "ese.logical-long-value-missing": _between(
        "A record needs a long value, a message body for instance; it is gone."
    ),
    "ese.logical-long-value-unused": Explanation(
        "Long values are stored that no record uses any more.", _NOTHING
    ),
    "ese.logical-lost-room": Explanation(
        "Pages are neither used nor in stock. The engine leaves some behind, after a crash for instance.",
        _NOTHING,
    ),
    "ese.logical-page-not-read": Explanation(
        "The walk needed a page that is damaged or cannot be read. What is below it was not walked.",
        "See the finding about that page itself; this one adds nothing to it.",
    ),
    "ese.logical-not-checked": Explanation(
        "Some part of the walk through the trees was left out, for the reason that the finding gives.",
        "A dirty database needs its logs replayed for more: `eseutil /r` on a copy of the clone, then /g.",
    ),
    "ese.logical-left-out": Explanation(
        "A walk found more than is kept: one broken page can upset many rules.",
        "Deal with the first findings; the others mostly follow from them.",
    ),
}
