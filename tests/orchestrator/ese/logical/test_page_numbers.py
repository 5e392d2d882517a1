"""Sets and runs of page numbers, against plain sets."""

from __future__ import annotations

from random import Random

import pytest

from orchestrator.ese.logical import page_set
from orchestrator.ese.logical.extents import Extent, Extents
from orchestrator.ese.logical.page_set import PageSet, in_none


def test_a_page_set_is_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_set, "_PART", 16)
    random = Random(7)  # noqa: S311 # not for secrets
    for _ in range(60):
        size = random.randint(1, 90)
        one, other = PageSet(size), PageSet(size)
        plain: list[set[int]] = [set(), set()]
        for _ in range(random.randint(0, 6)):
            which = random.randint(0, 1)
            first = random.randrange(size)
            last = random.randint(first, size - 1)
            (one, other)[which].add_range(first, last)
            plain[which].update(range(first, last + 1))
            number = random.randrange(size)
            one.add(number)
            plain[0].add(number)
        first = random.randrange(size)
        last = random.randint(first, size - 1)
        assert {number for number in range(-2, size + 9) if number in one} == plain[0]
        wanted = set(range(first, last + 1))
        assert one.first_in(first, last) == min(plain[0] & wanted, default=None)
        runs = list(in_none((one, other), first, last))
        assert [n for start, end in runs for n in range(start, end + 1)] == sorted(
            wanted - plain[0] - plain[1]
        )


def test_extents_know_what_is_inside_and_what_is_not() -> None:
    extents = Extents()
    for run in ((20, 29), (5, 9), (30, 31)):  # in any order
        extents.add(Extent(*run))
    assert [extents[index] for index in range(len(extents))] == [(5, 9), (20, 29), (30, 31)]
    assert [page for page in range(40) if page in extents] == [*range(5, 10), *range(20, 32)]
    assert extents.first_outside(Extent(22, 31)) is None
    assert extents.first_outside(Extent(20, 32)) == 32
    assert extents.first_outside(Extent(7, 21)) == 10
    assert extents.first_outside(Extent(1, 2)) == 1
