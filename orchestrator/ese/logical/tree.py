"""Walks one B+ tree, from its root, in the order of its keys, without recursion.

Rules (ESE ese/repair.cxx, what ESEUTIL /G looks at): every page bears the objid and kind of its tree; all
leaves are equally deep; leaves are chained in the order of keys, other pages are not; the key that a parent
has for a page is greater than all keys of a leaf and equal to the last key of any other page; the key before
it is not greater than the page's first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrator.ese.logical.chain import Chain
from orchestrator.ese.logical.extents import Extent, Extents
from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.nodes import disordered
from orchestrator.ese.logical.page import KINDS, PARENT_OF_LEAF, ROOT, Page
from orchestrator.ese.logical.page_set import PageSet

STRAY_POINTERS: Final = 100  # a tree with more that lead out of it is given up: each costs a page read
MAX_DEPTH: Final = 32  # a tree of the smallest fan-out over the largest file has half of that

BAD_PARENT_LINK: Final = -338  # JET_errBadParentPageLink
BAD_EMPTY_PAGE: Final = -351  # JET_errBadEmptyPage


@dataclass(slots=True)
class Territory:
    """The pages of one tree.

    Attributes:
        extents: what it owns.
        given: pages of these that other trees have taken from it.
        known: all of them were read; if not, nothing follows from a page that is not among them.
    """

    extents: Extents
    given: PageSet | None = None
    known: bool = True

    def has(self, page: int) -> bool:
        """The tree may use the page."""
        return not self.known or (page in self.extents and (self.given is None or page not in self.given))

    def first_outside(self, extent: Extent) -> int | None:
        """Return the first page of a run that the tree does not own."""
        return self.extents.first_outside(extent) if self.known else None


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that is to be walked.

    Attributes:
        root: number of its first page (pgnoFDP).
        objid: which all its pages bear (objidFDP).
        name: for people: 'table "X"'.
        kind: those flags of `page.KINDS` that all its pages bear.
        unique: no key is there twice; else the data are part of the order.
    """

    root: int
    objid: int
    name: str
    kind: int = 0
    unique: bool = True


class _Step(NamedTuple):
    """A page to be looked at: who points to it, the limits of its keys (empty: none), how deep it is."""

    number: int
    parent: int
    lower: bytes
    upper: bytes
    depth: int
    leaf: bool | None


def leaves(ground: Ground, tree: Tree, territory: Territory | None) -> Iterator[Page | None]:
    """Yield the leaves of a tree in order, None wherever some are missing; report what is wrong on the way.

    Args:
        ground: the database.
        tree: the tree.
        territory: the pages it may use; None if that is not known (yet).
    """
    chain = Chain(ground, tree.name)
    leaf_depth = stray = 0
    stack = [_Step(tree.root, 0, b"", b"", 0, None)]
    while stack:
        step = stack.pop()
        again = step.number in ground.reached
        page = _enter(ground, tree, territory, step)
        if again or step.number not in ground.reached:
            stray += 1
        if stray > STRAY_POINTERS:
            ground.findings.not_checked(f"{tree.name} leads astray too often; the rest of it was not walked.")
            yield None
            return
        if page is None or not page.readable or not _check_order(ground, tree, page, step):
            ground.incomplete = True
            chain.lose()
            yield None
            continue
        if not page.leaf:
            if page.previous or page.following:
                text = f"Page {page.number} of {tree.name} is no leaf and is chained to others."
                ground.findings.between("ese.logical-sibling-link", page.number, text, ese_error=-327)
            stack.extend(reversed(_children(page, step)))
            continue
        leaf_depth = leaf_depth or step.depth
        if step.depth != leaf_depth:
            depths = f"{step.depth} below the root, others are {leaf_depth} below it"
            text = f"Page {page.number} of {tree.name} is a leaf {depths}."
            ground.findings.between("ese.logical-level", page.number, text)
        chain.follow(page)
        yield page
    chain.end()


def _enter(ground: Ground, tree: Tree, territory: Territory | None, step: _Step) -> Page | None:
    """Return a page that belongs to the tree and was not reached before, and mark it as reached."""
    number, name, findings = step.number, tree.name, ground.findings
    blamed = step.parent or None
    if not 1 <= number <= ground.page_count:
        text = f"{_pointer(step, name)} page {number}; the file has {ground.page_count}."
        findings.between("ese.logical-page-outside", blamed, text, ese_error=BAD_PARENT_LINK)
        return None
    if step.depth > MAX_DEPTH:
        text = f"Page {number} of {name} is more than {MAX_DEPTH} levels below the root; it was not walked."
        findings.between("ese.logical-level", number, text)
        return None
    page = ground.page(number, name)
    if page is None:
        ground.reached.add(number)
        return None
    if page.objid != tree.objid and not (territory and territory.has(number)):
        text = (
            f"{_pointer(step, name)} page {number}, which belongs to object {page.objid}, not {tree.objid}."
        )
        findings.between("ese.logical-foreign-page", blamed, text, ese_error=BAD_PARENT_LINK)
        return None
    if number in ground.reached:
        text = f"{_pointer(step, name)} page {number}, which was reached before: a loop, or two parents."
        findings.between("ese.logical-reached-twice", blamed, text, ese_error=BAD_PARENT_LINK)
        return None
    ground.reached.add(number)
    if page.empty or (page.readable and page.leaf and not page.nodes and step.depth):
        text = f"Page {number} of {name} is empty and should not be in the tree."
        findings.between("ese.logical-empty-page", number, text, ese_error=BAD_EMPTY_PAGE)
        return None
    ground.report(page, name)
    _check_identity(ground, tree, page, step)
    _check_ownership(ground, territory, page, name)
    return page


def _check_identity(ground: Ground, tree: Tree, page: Page, step: _Step) -> None:
    findings, number, name = ground.findings, page.number, tree.name
    if page.objid != tree.objid:
        text = f"Page {number} of {name} bears the objid {page.objid}, not {tree.objid}."
        findings.between("ese.logical-objid", number, text)
    if page.flags & KINDS != tree.kind or bool(page.flags & ROOT) != (step.depth == 0):
        text = f"Page {number} of {name} has flags {page.flags:#x}, which do not belong into this tree."
        findings.between("ese.logical-page-kind", number, text)
    if step.leaf is not None and page.leaf != step.leaf:
        kind = "a leaf" if page.leaf else "no leaf"
        text = f"Page {number} of {name} is {kind}; page {step.parent} above it says otherwise."
        findings.between("ese.logical-level", number, text)


def _check_ownership(ground: Ground, territory: Territory | None, page: Page, name: str) -> None:
    if page.number in ground.available:
        text = f"Page {page.number} is used by {name} and is in stock as available."
        ground.findings.between("ese.logical-available-in-use", page.number, text)
    if territory is not None and not territory.has(page.number):
        text = f"Page {page.number} is used by {name}, which does not own it."
        ground.findings.between("ese.logical-not-owned", page.number, text)


def _check_order(ground: Ground, tree: Tree, page: Page, step: _Step) -> bool:
    """Check the keys of a page, and return whether its nodes can be followed."""
    name = tree.name
    for problem in disordered(page.nodes, leaf=page.leaf, unique=tree.unique):
        text = f"Page {page.number} of {name}: {problem.text}."
        ground.findings.inside(problem.code, page.number, text, ese_error=problem.ese_error)
        if problem.code == "ese.logical-node":
            return False
    if not page.nodes:
        return True
    first, last = page.nodes[0], page.nodes[-1]
    if page.leaf:
        low = first.key if tree.unique else first.key + first.data
        wrong = low < step.lower or (step.upper and last.key >= step.upper)
    else:
        # Behind the last key of a parent there is no limit, and the engine asks for none.
        wrong = (first.key and first.key < step.lower) or (step.upper and last.key != step.upper)
    if wrong:
        text = (
            f"Page {page.number} of {name} has keys outside of the range that page {step.parent} has for it."
        )
        ground.findings.between("ese.logical-key-range", page.number, text, ese_error=BAD_PARENT_LINK)
    return True


def _children(page: Page, step: _Step) -> list[_Step]:
    steps = []
    lower = step.lower
    leaf = bool(page.flags & PARENT_OF_LEAF)
    for node in page.nodes:
        number = int.from_bytes(node.data, "little")
        steps.append(_Step(number, page.number, lower, node.key, step.depth + 1, leaf))
        lower = node.key
    return steps


def _pointer(step: _Step, name: str) -> str:
    return f"Page {step.parent} of {name} points to" if step.depth else f"The root of {name} should be"
