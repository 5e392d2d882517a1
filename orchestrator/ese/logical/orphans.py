"""Pages that a tree owns, that are not in stock, and that nothing leads to.

The engine can leave pages behind, after a crash for instance; they are lost room, not lost data, and its own
check does not look for them. A page that still bears its owner's objid and holds live nodes is another
matter: something cut it off.
"""

from __future__ import annotations

from typing import Final

from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.nodes import DELETED
from orchestrator.ese.logical.page_set import in_none
from orchestrator.ese.logical.tree import Territory, Tree

LOOKED_AT: Final = 10_000  # pages left over that are read; more are only counted


class Orphans:
    """Collects pages left over in all trees of a database."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._looked_at = 0
        self._leaked = 0
        self._first = 0

    def look(self, tree: Tree, territory: Territory) -> None:
        """Look at what one tree owns, after it and what it gave to others was walked.

        Where some part of the database could not be walked, nothing follows from a page that was not reached.
        """
        ground = self._ground
        if ground.incomplete:
            return
        sets = [ground.reached, ground.available]
        if territory.given is not None:
            sets.append(territory.given)
        for index in range(len(territory.extents)):
            for first, last in in_none(sets, *territory.extents[index]):
                self._run(tree, first, last)

    def end(self) -> None:
        """Tell how much room is lost, if any is."""
        if self._leaked:
            text = f"{self._leaked:,} pages, first {self._first}, are neither used nor in stock: lost room."
            self._ground.findings.warn("ese.logical-lost-room", self._first, text)

    def _run(self, tree: Tree, first: int, last: int) -> None:
        page = first
        while page <= last and self._looked_at < LOOKED_AT:
            if self._cut_off(tree, page):
                text = f"Page {page} holds records of {tree.name}, and nothing leads to it."
                self._ground.findings.between("ese.logical-orphan", page, text)
            else:
                self._leaked += 1
                self._first = self._first or page
            page += 1
        if page <= last:
            self._leaked += last - page + 1

    def _cut_off(self, tree: Tree, number: int) -> bool:
        self._looked_at += 1
        page = self._ground.peek(number)
        if page is None or page.objid != tree.objid or page.empty or not page.leaf:
            return False
        return any(not node.flags & DELETED for node in page.nodes)
