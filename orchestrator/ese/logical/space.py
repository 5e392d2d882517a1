"""Which pages a tree owns and which of them it has in stock, from its space header and its two space trees.

Source: ESE inc/space.hxx, ese/space.cxx; rules as in ese/repair.cxx (ErrREPAIRCheckSpace). What a tree owns,
its parent owns and no sister; what it has in stock, it owns and nobody uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.ese.logical.extents import (
    SHELVED_POOL,
    Extent,
    Extents,
    SpaceHeader,
    read_extent,
    read_space_header,
    read_split_buffer,
)
from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.nodes import DELETED
from orchestrator.ese.logical.page import KINDS, ROOT, ROOT_OF_DELETED_TREE, SPACE_TREE
from orchestrator.ese.logical.page_set import PageSet
from orchestrator.ese.logical.tree import Territory, Tree, leaves

OWNED_CORRUPTED: Final = -343  # JET_errSPOwnExtCorrupted
AVAILABLE_CORRUPTED: Final = -341  # JET_errSPAvailExtCorrupted
CATALOG_CORRUPTED: Final = -1220  # JET_errCatalogCorrupted


class Claim:
    """Takes the pages of one tree from those of its parent.

    Args:
        parent: the tree that it takes them from; None for the root of the database.
        taken: what trees like this one have taken of the parent's pages.
        given: what others may take from this tree.
    """

    def __init__(
        self,
        ground: Ground,
        tree: Tree,
        parent: Territory | None,
        taken: PageSet | None,
        given: PageSet | None,
    ) -> None:
        self._ground = ground
        self._tree = tree
        self._parent = parent
        self._taken = taken
        self.territory = Territory(Extents(), given)

    def make(self, header: SpaceHeader) -> None:
        """Read what the tree owns and has in stock, and report what contradicts others."""
        root = self._tree.root
        if not header.owned_tree:
            if header.pages < 1:
                text = f"Page {root} of {self._tree.name}: its space header leaves it no page at all."
                self._ground.findings.inside("ese.logical-space-header", root, text)
                self._ground.incomplete = True
                self.territory.known = False
                return
            self._own(Extent(root, root + header.pages - 1), root)
            for page in header.available(root):
                self._stock(Extent(page, page), root)
            return
        owned = self._space_tree(header.owned_tree, "owned space")
        available = self._space_tree(header.owned_tree + 1, "available space")
        for page, extent, _ in self._extents(owned):
            self._own(extent, page)
        for page, extent, pool in self._extents(available):
            if pool == SHELVED_POOL and self._parent is None:
                self._ground.shelved.add(extent)
            else:
                self._stock(extent, page)
        self._buffer(owned)
        self._buffer(available)

    def _space_tree(self, root: int, what: str) -> Tree:
        tree = self._tree
        return Tree(root, tree.objid, f"{tree.name} ({what})", tree.kind | SPACE_TREE)

    def _extents(self, tree: Tree) -> Iterator[tuple[int, Extent, int]]:
        """Yield (page that says so, run, pool) of a space tree, of the nodes that make sense."""
        behind: dict[int, int] = {}
        for page in leaves(self._ground, tree, None):
            if page is None:
                self.territory.known = False
                continue
            for number, node in enumerate(page.nodes):
                if node.flags & DELETED:
                    continue
                read = read_extent(node)
                if read is None or read[0].first <= behind.get(read[1], 0):
                    wrong = "is no run of pages" if read is None else "overlaps the run before it"
                    text = f"Page {page.number} of {tree.name}: node {number} {wrong}."
                    findings = self._ground.findings
                    findings.inside("ese.logical-extent", page.number, text, ese_error=OWNED_CORRUPTED)
                    self._ground.incomplete = True
                    self.territory.known = False
                    continue
                extent, pool = read
                behind[pool] = extent.last
                yield page.number, extent, pool

    def _buffer(self, tree: Tree) -> None:
        """Take in the pages that a space tree keeps for its growth. They need not be in its owned runs."""
        root = self._ground.peek(tree.root) if 1 <= tree.root <= self._ground.page_count else None
        if root is None:
            return
        buffer = read_split_buffer(root.external)
        if buffer is None or any(extent.first < 1 for extent in buffer):
            text = f"Page {tree.root} of {tree.name}: its header is no split buffer."
            self._ground.findings.inside(
                "ese.logical-space-header", tree.root, text, ese_error=OWNED_CORRUPTED
            )
            return
        for extent in buffer:
            if self.territory.extents.first_outside(extent) == extent.first:
                self._own(extent, tree.root)
            self._stock(extent, tree.root)

    def _own(self, extent: Extent, page: int) -> None:
        clipped = self._inside_file(extent, page)
        if clipped is None:
            return
        first, last = clipped
        if self._parent is not None and (other := self._parent.first_outside(clipped)):
            text = f"{self._tree.name} owns page {other}, which its parent does not own."
            self._ground.findings.between("ese.logical-not-owned", page, text, ese_error=OWNED_CORRUPTED)
        if self._taken is not None:
            if other := self._taken.first_in(first, last):
                text = f"{self._tree.name} owns page {other}, which another tree owns as well."
                self._ground.findings.between(
                    "ese.logical-owned-twice", page, text, ese_error=OWNED_CORRUPTED
                )
            self._taken.add_range(first, last)
        if other := self._ground.available.first_in(first, last):
            text = f"{self._tree.name} owns page {other}, which is in stock elsewhere."
            self._ground.findings.between(
                "ese.logical-available-in-use", page, text, ese_error=AVAILABLE_CORRUPTED
            )
        self.territory.extents.add(clipped)

    def _stock(self, extent: Extent, page: int) -> None:
        clipped = self._inside_file(extent, page)
        if clipped is None:
            return
        first, last = clipped
        findings, name = self._ground.findings, self._tree.name
        if other := self.territory.first_outside(clipped):
            text = f"{name} has page {other} in stock, which it does not own."
            findings.between("ese.logical-available-not-owned", page, text, ese_error=AVAILABLE_CORRUPTED)
        if other := self._ground.available.first_in(first, last):
            text = f"{name} has page {other} in stock, which is in stock elsewhere as well."
            findings.between("ese.logical-available-twice", page, text, ese_error=AVAILABLE_CORRUPTED)
        if other := self._ground.reached.first_in(first, last):
            text = f"{name} has page {other} in stock, which is in use."
            findings.between("ese.logical-available-in-use", other, text, ese_error=AVAILABLE_CORRUPTED)
        self._ground.available.add_range(first, last)

    def _inside_file(self, extent: Extent, page: int) -> Extent | None:
        """Return the part of a run that lies in the file; what lies beyond must be shelved stock."""
        first, last = extent
        end = self._ground.page_count
        if last > end:
            beyond = Extent(max(first, end + 1), last)
            if self._ground.shelved.first_outside(beyond):
                text = f"{self._tree.name} has pages up to {last}; the file has {end}."
                self._ground.findings.between(
                    "ese.logical-page-outside", page, text, ese_error=OWNED_CORRUPTED
                )
            last = end
        return Extent(first, last) if first <= last else None


def space_header(ground: Ground, tree: Tree, parent_root: int) -> SpaceHeader | None:
    """Return the space header of a tree, or report why there is none that could be relied on.

    Args:
        ground: the database.
        tree: the tree.
        parent_root: root of the tree that it takes its pages from; 0 for the root of the database.
    """
    if not 1 <= tree.root <= ground.page_count:
        ground.incomplete = True
        text = f"The catalog has {tree.name} begin at page {tree.root}; the file has {ground.page_count}."
        ground.findings.between("ese.logical-catalog-entry", None, text, ese_error=CATALOG_CORRUPTED)
        return None
    page = ground.page(tree.root, tree.name)
    if page is None:
        return None
    wrong = page.objid != tree.objid or not page.flags & ROOT or page.flags & KINDS != tree.kind
    if wrong or tree.root in ground.reached:
        ground.incomplete = True
        text = (
            f"{tree.name} should begin at page {tree.root} (object {tree.objid}), "
            f"which belongs to object {page.objid}, has flags {page.flags:#x}"
            f"{'' if wrong else ' and is in use already'}."
        )
        ground.findings.between("ese.logical-catalog-entry", tree.root, text, ese_error=CATALOG_CORRUPTED)
        return None
    if page.flags & ROOT_OF_DELETED_TREE:
        ground.incomplete = True
        ground.findings.not_checked(
            f"{tree.name} was half deleted by a revert of the database; it was not walked."
        )
        return None
    header = read_space_header(page.external)
    if header is None:
        ground.report(page, tree.name)
        ground.incomplete = True
        if page.readable:
            text = f"Page {tree.root} of {tree.name}: it is a root without a space header."
            ground.findings.inside("ese.logical-space-header", tree.root, text)
    elif header.parent != parent_root:
        text = f"Page {tree.root} of {tree.name} has page {header.parent} for its parent, not {parent_root}."
        ground.findings.between("ese.logical-space-header", tree.root, text)
    return header
