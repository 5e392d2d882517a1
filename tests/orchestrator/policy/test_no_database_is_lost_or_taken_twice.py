"""Whatever is chosen and split, in whatever order it comes: nothing is lost, nothing is there twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.exchange import CopyRole, MailboxDatabase
from orchestrator.model.facts import MapRow
from orchestrator.model.hosts import Component, Survey
from orchestrator.policy.copies import CopyChoice, CopyPreference, choose_copies
from orchestrator.policy.sets import Split, split_into_sets
from orchestrator.policy.topology import Topology
from tests.orchestrator.policy.exchange_server import component, database, server

pytestmark = pytest.mark.many

NAMES = ("DB01", "DB02", "DB03", "DB04")
HOSTS = ("ex1", "ex2", "ex3")
LIMIT = 4

# By database: on which host its active copy is, and what the other hosts have.
STATES = st.sampled_from(("replays", "stopped", "none"))
DAGS = st.lists(
    st.tuples(
        st.sampled_from((*HOSTS, None)), st.tuples(STATES, STATES, STATES), st.sampled_from(("", "", "x"))
    ),
    min_size=4,
    max_size=4,
)
CHOICES = st.one_of(
    st.sampled_from((CopyChoice(), CopyChoice(CopyPreference.PASSIVE_PREFERRED))),
    st.lists(st.sampled_from(HOSTS), min_size=1, unique=True).map(
        lambda hosts: CopyChoice(CopyPreference.SERVERS, tuple(hosts))
    ),
)


def surveys_of(dag: list[tuple[str | None, tuple[str, str, str], str]]) -> dict[str, Survey]:
    """Return the servers that such a group consists of."""
    has: dict[str, list[MailboxDatabase]] = {host: [] for host in HOSTS}
    for name, (active, states, held) in zip(NAMES, dag, strict=True):
        for host, state in zip(HOSTS, states, strict=True):
            if host == active:
                has[host].append(database(name, in_backup_by=held))
            elif state != "none":
                has[host].append(database(name, role=CopyRole.PASSIVE, mounted=state == "replays"))
    return {host: server(*has[host], name=host.upper()) for host in HOSTS}


def welcome(choice: CopyChoice, host: str, component: Component) -> bool:
    passive = "\\Replica\\" in component.logical_path
    match choice.preference:
        case CopyPreference.ACTIVE:
            return not passive
        case CopyPreference.PASSIVE_PREFERRED:
            return True
        case CopyPreference.SERVERS:
            return host in choice.servers


@settings(max_examples=300)
@given(DAGS, CHOICES, st.permutations(HOSTS), st.permutations(NAMES))
def test_each_database_is_chosen_once_where_it_is_offered_or_all_are_refused(
    dag: list[tuple[str | None, tuple[str, str, str], str]],
    choice: CopyChoice,
    hosts: list[str],
    names: list[str],
) -> None:
    surveys = surveys_of(dag)
    result = choose_copies(choice, surveys, NAMES)
    shuffled = {
        host: replace(surveys[host], components=tuple(reversed(surveys[host].components))) for host in hosts
    }
    assert choose_copies(choice, shuffled, names) == result
    there = {
        name: [
            host
            for host in HOSTS
            for one in surveys[host].components
            if one.caption == name and welcome(choice, host, one)
        ]
        for name in NAMES
    }
    held = {name for name, (active, _, by) in zip(NAMES, dag, strict=True) if active is not None and by}
    if isinstance(result, Mapping):
        taken = Counter(one.caption for found in result.values() for one in found)
        assert taken == dict.fromkeys(NAMES, 1)
        assert not held
        for host, found in result.items():
            assert found
            assert set(found) <= set(surveys[host].components)
            assert all(host in there[one.caption] and welcome(choice, host, one) for one in found)
    else:
        assert {one.subject for one in result} == held | {name for name in NAMES if not there[name]}


# ------------------------------------------------------------------ splitting

PLACES = st.integers(0, 11)
SELECTIONS = st.lists(st.sets(PLACES, min_size=1, max_size=3), min_size=1, max_size=8)
LUNS = st.lists(st.integers(0, 15), min_size=12, max_size=12)


def laid_out(selection: list[set[int]], luns: list[int]) -> tuple[list[Component], Topology]:
    """Return components on host volumes, and these on array volumes."""
    components = [
        replace(component(f"DB{n:02}"), files=tuple(f"{place}/DB{n:02}" for place in sorted(places)))
        for n, places in enumerate(selection)
    ]
    rows = [
        MapRow(f"{place}/DB{n:02}", str(place), f"naa.{luns[place]}", "array", str(luns[place]))
        for n, places in enumerate(selection)
        for place in sorted(places)
    ]
    return components, Topology(tuple(rows), (), {})


@settings(max_examples=500)
@given(SELECTIONS, LUNS, st.randoms(use_true_random=False))
def test_sets_hold_every_component_once_within_the_limit_and_share_no_storage(
    selection: list[set[int]], luns: list[int], chance: random.Random
) -> None:
    components, topology = laid_out(selection, luns)
    result = split_into_sets(components, topology, LIMIT)
    shuffled, rows = list(components), list(topology.rows)
    chance.shuffle(shuffled)
    chance.shuffle(rows)
    assert split_into_sets(shuffled, replace(topology, rows=tuple(rows)), LIMIT) == result
    if not isinstance(result, Split):
        assert {one.code for one in result} == {"policy.too-many-volumes"}
        return
    assert Counter(one for each in result.sets for one in each) == dict.fromkeys(components, 1)
    assert bool(result.notes) is (len(result.sets) > 1)
    used = [[row for row in topology.rows if row.file in files_of(each)] for each in result.sets]
    host_volumes = [{row.host_volume for row in each} for each in used]
    array_volumes = [{row.volume_id for row in each} for each in used]
    assert all(len(each) <= LIMIT for each in host_volumes)
    for shared in (host_volumes, array_volumes):
        assert sum(map(len, shared)) == len(set().union(*shared))
    # First fit leaves no two sets that would have gone into one.
    sizes = sorted(map(len, host_volumes))
    assert len(sizes) < 2 or sizes[0] + sizes[1] > LIMIT


def files_of(components: tuple[Component, ...]) -> set[str]:
    return {file for one in components for file in one.files}
