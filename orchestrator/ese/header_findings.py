"""What can be wrong with the header of a database, in words."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.checksum import header_checksum
from orchestrator.ese.database_layout import LAYOUT, MAGIC
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.reports import DatabaseHeader
from orchestrator.ese.states import file_type_name
from orchestrator.ese.versions import version_text
from orchestrator.model.verification import ContentFinding, Place, Severity

JET_READ_VERIFY_FAILURE: Final = -1018
JET_FILE_INVALID_TYPE: Final = -1812


def no_good_copy(start: bytes, file: str) -> ContentFinding:
    """Neither copy is good at any page size. Other files of the engine have checksums of the same kind."""
    if any(_is_header(start[:size]) for size in PAGE_SIZES):
        if LAYOUT["ulMagic"].number(start) != MAGIC:
            return other_file_type(file, LAYOUT["filetype"].number(start))
        says = LAYOUT["cbPageSize"].text(start)
        why = f"its checksum is right, but not for the page size that it names ({says})"
    elif not any(start):
        why = f"its first {len(start):,} bytes are all zero" if start else "it is empty"
    elif len(start) < 2 * PAGE_SIZES[0]:
        why = f"it has only {len(start):,} bytes"
    else:
        why = "no copy has a right checksum at any page size"
    text = f"Neither copy of the header can be used: {why}."
    return ContentFinding(
        "ese.header-bad", Severity.ERROR, Place(file, "header"), text, JET_READ_VERIFY_FAILURE
    )


def _is_header(block: bytes) -> bool:
    return header_checksum(block) == LAYOUT["ulChecksum"].number(block)


def bad_copy(file: str, copy: int, page_size: int) -> ContentFinding:
    """One of the copies is bad, the other is good."""
    which, other = ("first", "second") if copy == 1 else ("second", "first")
    return ContentFinding(
        "ese.header-copy-bad",
        Severity.WARNING,
        Place(file, "header", copy, (copy - 1) * page_size),
        f"The {which} copy of the header is bad; the {other} is good and was used.",
        JET_READ_VERIFY_FAILURE,
    )


def copies_differ(file: str, page_size: int) -> ContentFinding:
    """Both are good, and not the same."""
    return ContentFinding(
        "ese.header-copies-differ",
        Severity.WARNING,
        Place(file, "header", 2, page_size),
        "Both copies of the header are good but not the same; the first was used.",
    )


def other_file_type(file: str, file_type: int) -> ContentFinding:
    """It is a header, but not that of a database."""
    return ContentFinding(
        "ese.not-a-database",
        Severity.ERROR,
        Place(file, "header"),
        f"By its header this is no database, but of another kind: {file_type_name(file_type)}.",
        JET_FILE_INVALID_TYPE,
    )


def unknown_version(file: str, header: DatabaseHeader) -> ContentFinding:
    """Written by an engine that nobody here has seen: what is read of it may mean something else."""
    version = version_text(header.version, header.update_major, header.update_minor)
    return ContentFinding(
        "ese.unknown-version",
        Severity.WARNING,
        Place(file, "header"),
        f"The format version {version} is not known here: fields of the header may mean something else.",
    )
