"""Walks one table: its long values first, then its indexes, then its records with their references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrator.ese.logical.catalog import Table
from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.long_values import LONG_VALUE_CORRUPTED, Ids, LongValues
from orchestrator.ese.logical.nodes import DELETED
from orchestrator.ese.logical.orphans import Orphans
from orchestrator.ese.logical.page import NEW_RECORD_FORMAT, Page
from orchestrator.ese.logical.page_set import PageSet
from orchestrator.ese.logical.records import long_values, tagged_at
from orchestrator.ese.logical.space import Claim, space_header
from orchestrator.ese.logical.tree import Territory, Tree, leaves
from orchestrator.ese.page_layout import LARGE_PAGE_SIZE

# Length of parts of long values where the catalog has none (ESE ese/jetapi.cxx, InitVariablesWithPageSize).
_LARGE_CHUNKS: Final = {16384: 4050, 32768: 8150}
_SMALL_CHUNK_OVERHEAD: Final = 82
_LONG_VALUES_UNDERSTOOD: Final = 0x0C  # format revision from which on ids are written in the form known here


class Claimed(NamedTuple):
    """A tree as its space header describes it, and the pages it owns."""

    tree: Tree
    territory: Territory


@dataclass(frozen=True, slots=True)
class TableWalk:
    """Walks the tables of one database.

    Args:
        root: root of the database, where tables take their pages from.
        update_major: format revision of the database.
    """

    ground: Ground
    orphans: Orphans
    root: Claimed
    page_size: int
    update_major: int

    def claim(self, tree: Tree) -> Claimed | None:
        """Take the pages of a table from the root; None if its own root cannot be relied on."""
        return _claim(self.ground, tree, self.root, self.ground.of_tables, self.ground.of_parts)

    def walk(self, table: Table) -> int:
        """Walk a table with all its trees, and return how many records it has."""
        claimed = self.claim(table.tree)
        if claimed is None:
            return 0
        ids = self.parts(table, claimed)
        count = 0
        for page in leaves(self.ground, *claimed):
            if page is not None:
                count += sum(not node.flags & DELETED for node in page.nodes)
                self._refer(page, table, ids)
        if ids is not None and ids.complete and (unused := ids.unused()) and not self.ground.incomplete:
            text = f"{unused:,} long values of {table.tree.name} are used by no record: room that is lost."
            self.ground.findings.warn("ese.logical-long-value-unused", table.tree.root, text)
        self.orphans.look(*claimed)
        return count

    def parts(self, table: Table, claimed: Claimed) -> Ids | None:
        """Walk what a table has beside its records.

        Returns:
            The ids of its long values; None if references cannot be compared with them.
        """
        understood = self.update_major >= _LONG_VALUES_UNDERSTOOD
        ids = Ids() if understood and not table.partial else None
        if table.long_values is not None:
            chunk = table.chunk or _default_chunk(self.page_size)
            values = LongValues(self.ground, table.long_values.name, chunk)
            for page in self._part(table.long_values, claimed):
                if understood:
                    values.leaf(page)
            values.end()
            if values.ids.crowded:
                text = f"{table.tree.name} has too many long values to look for each that a record needs."
                self.ground.findings.not_checked(text)
            ids = values.ids if understood else None
        for index in table.indexes:
            for _ in self._part(index, claimed):
                pass
        return ids

    def _part(self, tree: Tree, claimed: Claimed) -> Iterator[Page | None]:
        part = _claim(self.ground, tree, claimed, self.ground.of_parts, None)
        if part is None:
            yield None
            return
        yield from leaves(self.ground, *part)
        self.orphans.look(*part)

    def _refer(self, page: Page, table: Table, ids: Ids | None) -> None:
        """Look at the records of a page: their layout, and the long values that they refer to."""
        if not page.flags & NEW_RECORD_FORMAT:
            return
        large = self.page_size >= LARGE_PAGE_SIZE
        findings, whose = self.ground.findings, f"Page {page.number} of {table.tree.name}"
        for number, node in enumerate(page.nodes):
            if node.flags & DELETED:
                continue
            start = tagged_at(node.data)
            found = None if start is None else long_values(node.data[start:], large=large)
            if found is None:
                text = f"{whose}: the record in node {number} does not hold together."
                findings.inside("ese.logical-record", page.number, text)
                continue
            for identifier in _missing(found, ids):
                text = (
                    f"{whose}: the record in node {number} needs long value {identifier:#x}; it is not there."
                )
                error = LONG_VALUE_CORRUPTED
                findings.between("ese.logical-long-value-missing", page.number, text, ese_error=error)


def _missing(stored: list[bytes], ids: Ids | None) -> Iterator[int]:
    if ids is None:
        return
    for one in stored:
        identifier = int.from_bytes(one, "little")
        if not ids.refer(identifier) and ids.complete:
            yield identifier


def claim_root(ground: Ground, tree: Tree) -> Claimed | None:
    """Return the root of a database and all pages that it owns, which is all of the file."""
    header = space_header(ground, tree, 0)
    if header is None:
        return None
    claim = Claim(ground, tree, None, None, ground.of_tables)
    claim.make(header)
    return Claimed(tree, claim.territory)


def _claim(
    ground: Ground, tree: Tree, parent: Claimed, taken: PageSet, given: PageSet | None
) -> Claimed | None:
    header = space_header(ground, tree, parent.tree.root)
    if header is None:
        return None
    described = Tree(tree.root, tree.objid, tree.name, tree.kind, header.unique)
    claim = Claim(ground, described, parent.territory, taken, given)
    claim.make(header)
    return Claimed(described, claim.territory)


def _default_chunk(page_size: int) -> int:
    return _LARGE_CHUNKS.get(page_size, page_size - _SMALL_CHUNK_OVERHEAD)
