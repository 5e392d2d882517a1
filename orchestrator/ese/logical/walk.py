"""Walks all trees of a database: the root with the space of the file, the catalog, and what that leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrator.ese.logical.catalog import (
    CATALOG_OBJID,
    CATALOG_ROOT,
    LONG_VALUES,
    SECONDARY_INDEX,
    SHADOW_ROOT,
    STREAMING_MAPS,
    TABLE,
    Table,
    Tables,
    read_entry,
)
from orchestrator.ese.logical.findings import Findings
from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.nodes import DELETED
from orchestrator.ese.logical.orphans import Orphans
from orchestrator.ese.logical.page import Page
from orchestrator.ese.logical.space import CATALOG_CORRUPTED
from orchestrator.ese.logical.table_walk import Claimed, TableWalk, claim_root
from orchestrator.ese.logical.tree import Tree, leaves
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.reports import DatabaseHeader, DatabaseState, FileType
from orchestrator.model.verification import ContentFinding

DATABASE_ROOT: Final = Tree(1, 1, "the database's root")
_SHADOWING_OFF: Final = 0x01  # ESE inc/daedef.hxx, fShadowingDisabled
CATALOG: Final = Tree(CATALOG_ROOT, CATALOG_OBJID, "the catalog")


def walk(
    read_page: Callable[[int], bytes | None],
    header: DatabaseHeader,
    file: str,
    page_count: int,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[ContentFinding, ...]:
    """Return what is wrong in and between the pages of a database, errors first.

    Args:
        read_page: returns a page by its number, from 1 on; None if it cannot be read or its checksum is bad.
        header: of the database.
        file: as the reader names it.
        page_count: pages behind the two headers.
        advance: told how many more pages were looked at; what it raises ends the walk and passes through.
    """
    dirty = header.state != DatabaseState.CLEAN_SHUTDOWN
    findings = Findings(file, header.page_size, dirty=dirty)
    if reason := _not_walkable(header):
        findings.not_checked(f"The trees were not walked: {reason}.")
        return findings.result()
    if dirty:
        findings.not_checked(
            "The database is dirty: its pages may be of different moments until the logs are replayed, so "
            "what contradicts itself between pages is a warning at most. Rules inside a page hold."
        )
    ground = Ground(read_page, findings, header.page_size, page_count, advance)
    orphans = Orphans(ground)
    root = claim_root(ground, DATABASE_ROOT)
    if root is not None:
        for _ in leaves(ground, *root):
            pass
        tables = TableWalk(ground, orphans, root, header.page_size, header.update_major)
        _Catalog(ground, tables, shadowed=_shadowed(header)).walk()
        orphans.look(*root)
        orphans.end()
    if ground.incomplete:
        findings.not_checked(
            "Some trees could not be walked to their end, so pages left over were not looked for."
        )
    return findings.result()


def _shadowed(header: DatabaseHeader) -> bool:
    """Tell whether the catalog is kept twice. Made without its shadow, a database has an empty one."""
    flags = int(dict(header.fields).get("ulDbFlags", "0"), 16)
    return not flags & _SHADOWING_OFF


def _not_walkable(header: DatabaseHeader) -> str:
    if header.streaming or header.file_type == FileType.STREAMING:
        return "this is a streaming file, which has none"
    if header.state == DatabaseState.JUST_CREATED or header.file_type == FileType.TEMPORARY_DATABASE:
        return "this is a temporary database, or one whose creation did not end"
    if header.page_size not in PAGE_SIZES:
        return f"a page size of {header.page_size} is not known"
    return ""


class _Catalog:
    """Walks the catalog, and each table as soon as all its records were seen."""

    def __init__(self, ground: Ground, tables: TableWalk, *, shadowed: bool) -> None:
        self._ground = ground
        self._tables = tables
        self._shadow_kept = shadowed
        self._own: Table | None = None
        self._entries = 0
        self._in_shadow: int | None = None

    def walk(self) -> None:
        """Walk the catalog and everything that it leads to."""
        claimed = self._tables.claim(CATALOG)
        if claimed is None:
            return
        grouped = Tables()
        for page in leaves(self._ground, *claimed):
            if page is None:
                grouped.lose()
                continue
            for number, node in enumerate(page.nodes):
                if not node.flags & DELETED:
                    self._entries += 1
                    self._entry(grouped, page, f"record in node {number}", node.data, claimed)
        self._table(grouped.last(), claimed)
        self._tables.orphans.look(*claimed)
        self._compare_with_shadow()

    def _entry(self, grouped: Tables, page: Page, which: str, data: bytes, claimed: Claimed) -> None:
        findings, where = self._ground.findings, f"Page {page.number} of the catalog: the {which}"
        entry = read_entry(data)
        if entry is None:
            findings.inside("ese.logical-record", page.number, f"{where} does not hold together.")
        elif entry.kind == TABLE:
            if entry.objid != entry.table:
                text = f"{where}, {entry.name}, is filed under table {entry.table}."
                findings.between("ese.logical-catalog-entry", page.number, text, ese_error=CATALOG_CORRUPTED)
            self._table(grouped.begin(entry), claimed)
        elif entry.kind in (SECONDARY_INDEX, LONG_VALUES):
            if not grouped.add(entry):
                text = f"{where}, {entry.name}, belongs to table {entry.table}, which is not there."
                findings.between("ese.logical-catalog-entry", page.number, text, ese_error=CATALOG_CORRUPTED)
        elif entry.kind in STREAMING_MAPS:
            self._ground.incomplete = True
            findings.not_checked("The maps of the space in the streaming file were not walked.")

    def _table(self, table: Table | None, claimed: Claimed) -> None:
        if table is None:
            return
        if table.tree.root == CATALOG_ROOT:
            self._tables.parts(table, claimed)  # its records are just being walked
        elif table.tree.root == SHADOW_ROOT:
            self._in_shadow = self._tables.walk(table)
        else:
            self._tables.walk(table)

    def _compare_with_shadow(self) -> None:
        if self._ground.incomplete or not self._shadow_kept:
            return
        if self._in_shadow is None:
            text = f"No table at page {SHADOW_ROOT} repeats the {self._entries:,} records of the catalog."
        elif self._in_shadow != self._entries:
            text = f"The catalog has {self._entries:,} records, its shadow has {self._in_shadow:,}."
        else:
            return
        findings = self._ground.findings
        findings.between("ese.logical-catalog-shadow", SHADOW_ROOT, text, ese_error=CATALOG_CORRUPTED)
