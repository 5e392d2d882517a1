from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.facts import MapRow
from orchestrator.model.hosts import Component
from orchestrator.policy.reasons import Finding
from orchestrator.policy.sets import Split, split_into_sets
from orchestrator.policy.topology import Topology
from tests.orchestrator.policy.exchange_server import component, said


def on(name: str, *host_volumes: str) -> Component:
    """Return a component with one file on each host volume."""
    return replace(component(name), files=tuple(f"{volume}/{name}" for volume in host_volumes))


def topology(*components: Component, array_volume: dict[str, str] | None = None) -> Topology:
    """Return where the files lie; each host volume on an array volume of its own, unless told otherwise."""
    lies = array_volume or {}
    rows = sorted(
        MapRow(file, home, f"naa.{home}", "array-1", lies.get(home, f"volume-{home}"))
        for one in components
        for file in one.files
        for home in [file.partition("/")[0]]
    )
    return Topology(tuple(rows), tuple(sorted({row.host_volume for row in rows})), {})


def split(*components: Component, limit: int = 4, **where: dict[str, str]) -> list[list[str]]:
    result = split_into_sets(components, topology(*components, **where), limit)
    assert isinstance(result, Split), result
    return [[one.caption for one in each] for each in result.sets]


def refused(*components: Component, limit: int = 4) -> tuple[Finding, ...]:
    result = split_into_sets(components, topology(*components), limit)
    assert isinstance(result, tuple), result
    return result


def test_what_fits_is_one_set_without_a_note() -> None:
    result = split_into_sets(
        [on("A", "1", "2"), on("B", "3", "4")], topology(on("A", "1", "2"), on("B", "3", "4")), 4
    )
    assert result == Split(((on("A", "1", "2"), on("B", "3", "4")),))


def test_nothing_is_split_into_nothing() -> None:
    assert split() == []


def test_the_limit_is_that_of_vss() -> None:
    many = [on(f"DB{n:02}", f"{n}-data", f"{n}-logs") for n in range(32)]
    assert isinstance(result := split_into_sets(many, topology(*many)), Split)
    assert len(result.sets) == 1
    more = [*many, on("DB99", "99")]
    assert isinstance(result := split_into_sets(more, topology(*more)), Split)
    assert len(result.sets) == 2


def test_the_largest_go_first_and_each_into_the_first_set_with_room() -> None:
    assert split(on("A", "1", "2"), on("B", "3"), on("C", "4", "5", "6"), on("D", "7", "8")) == [
        ["B", "C"],
        ["A", "D"],
    ]


def test_more_than_one_set_is_said_with_what_that_means() -> None:
    both = [on("A", "1", "2", "3"), on("B", "4", "5")]
    result = split_into_sets(both, topology(*both), 4)
    assert isinstance(result, Split)
    assert said(result.notes) == [("policy.several-instants", "set", False)]
    assert "2 sets, each with its own instant: A; B." in result.notes[0].text


def test_what_shares_a_host_volume_stays_together_also_by_way_of_others() -> None:
    chain = [on("A", "1", "2"), on("B", "3", "4"), on("C", "2", "3"), on("D", "5")]
    assert split(*chain) == [["A", "B", "C"], ["D"]]


def test_what_shares_an_array_volume_stays_together() -> None:
    """Two host volumes on one LUN: whichever set is made first cuts both."""
    lies = {"1": "shared", "3": "shared"}
    apart = [on("A", "1"), on("B", "2", "4"), on("C", "3")]
    assert split(*apart, limit=2, array_volume=lies) == [["A", "C"], ["B"]]


def test_array_volumes_of_two_arrays_may_have_one_id() -> None:
    both = [on("A", "1"), on("B", "2")]
    rows = [
        MapRow(f"{n}/{name}", n, f"naa.{n}", f"array-{n}", "0001") for n, name in [("1", "A"), ("2", "B")]
    ]
    result = split_into_sets(both, Topology(tuple(rows), ("1", "2"), {}), 1)
    assert isinstance(result, Split)
    assert len(result.sets) == 2


def test_a_host_volume_that_spans_luns_brings_both() -> None:
    wide = topology(on("A", "1"), on("B", "2"), on("C", "3"))
    spanning = MapRow("1/A", "1", "naa.x", "array-1", "volume-3")
    result = split_into_sets(
        [on("A", "1"), on("B", "2"), on("C", "3")], replace(wide, rows=(*wide.rows, spanning)), 2
    )
    assert isinstance(result, Split)
    assert [[one.caption for one in each] for each in result.sets] == [["A", "C"], ["B"]]


def test_what_hangs_together_and_is_too_large_is_refused() -> None:
    findings = refused(on("A", "1", "2", "3"), on("B", "3", "4", "5"), on("C", "6"))
    assert said(findings) == [("policy.too-many-volumes", "A, B", True)]
    assert "5 host volumes hang together; a set holds 4 at most." in findings[0].text


def test_a_file_that_lies_nowhere_is_refused() -> None:
    lost = on("A", "1")
    result = split_into_sets([lost], topology())
    assert isinstance(result, tuple)
    assert said(result) == [("policy.host-volume-missing", "1/A", True)]


@pytest.mark.parametrize("repeated", [1, 3])
def test_a_component_that_is_named_again_is_taken_once(repeated: int) -> None:
    assert split(*[on("A", "1")] * repeated, on("B", "2")) == [["A", "B"]]
