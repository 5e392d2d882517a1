"""Tells whether a database has been cut off at the end of a page: no checksum shows that.

The space tree of the database's root says which pages the engine has taken for it: the file must hold them
all. Everything else about trees is a matter of the logical walk, which is not always asked for.
"""

from __future__ import annotations

from typing import Final

from orchestrator.ese.logical.extents import read_extent, read_space_header
from orchestrator.ese.logical.findings import Findings
from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.nodes import DELETED
from orchestrator.ese.logical.page import Page, parse_page
from orchestrator.ese.logical.table_walk import claim_root
from orchestrator.ese.logical.walk import DATABASE_ROOT
from orchestrator.ese.reports import DatabaseHeader, DatabaseState
from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.page_cache import PageCache

# Pages hold hundreds of runs: no tree of them is deeper. One that is damaged may lead in circles.
DEEPEST: Final = 8
OUTSIDE: Final = "ese.logical-page-outside"


def length_findings(
    source: BytesSource, header: DatabaseHeader, control: Control
) -> tuple[ContentFinding, ...]:
    """Return one finding if pages are missing at the end of a database.

    A server that shortens a file may cut it before it writes the tree that says so: for a dirty database that
    was ever shortened, this is a warning.

    Raises:
        VerificationStopped: the control said so.
        VerificationError: `verify.cannot-read`.
    """
    pages = PageCache(source, header.page_size, control)
    if _last_taken(pages) <= pages.page_count:
        return ()
    # Rare, and only now worth the memory: the stock of the root may lie beyond the end of the file.
    findings = Findings(source.name, header.page_size, dirty=False)
    ground = Ground(pages.read, findings, header.page_size, pages.page_count, lambda _: None)
    claim_root(ground, DATABASE_ROOT)
    outside = [each for each in findings.result() if each.code == OUTSIDE]
    if not outside:
        return ()
    shortened = dict(header.fields).get("ulShrinkCount", "0") != "0"
    clean = header.state == DatabaseState.CLEAN_SHUTDOWN
    text = f"The end of the file is missing: {outside[-1].text}"
    place = Place(source.name, byte=source.size_bytes)
    severity = Severity.ERROR if clean or not shortened else Severity.WARNING
    return (ContentFinding("verify.cut-off", severity, place, text),)


def _last_taken(pages: PageCache) -> int:
    """Return the last page of the last run that the root owns; 0 if its tree cannot be followed there."""
    root = _page(pages, DATABASE_ROOT.root)
    header = read_space_header(root.external) if root else None
    if header is None:
        return 0
    if not header.owned_tree:
        return DATABASE_ROOT.root + header.pages - 1
    number = header.owned_tree
    for _ in range(DEEPEST):
        page = _page(pages, number)
        if page is None or not page.nodes:
            return 0
        if page.leaf:
            runs = (read_extent(node) for node in page.nodes if not node.flags & DELETED)
            return max((run[0].last for run in runs if run), default=0)
        number = int.from_bytes(page.nodes[-1].data[:4], "little")
    return 0


def _page(pages: PageCache, number: int) -> Page | None:
    data = pages.read(number)
    page = parse_page(data, number) if data else None
    return page if page and page.readable else None
