"""How a selection too large for one shadow copy set is split: what belongs together stays together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.model.budgets import MAX_HOST_VOLUMES
from orchestrator.model.hosts import Component
from orchestrator.policy.reasons import Finding
from orchestrator.policy.topology import Topology


@dataclass(frozen=True, slots=True)
class Split:
    """Sets to be made one after the other.

    Attributes:
        sets: the components of each.
        notes: what is worth saying of it.
    """

    sets: tuple[tuple[Component, ...], ...]
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Components that share storage, directly or by way of others."""

    components: tuple[Component, ...]
    host_volumes: frozenset[str]


def split_into_sets(
    components: Sequence[Component], topology: Topology, limit: int = MAX_HOST_VOLUMES
) -> Split | tuple[Finding, ...]:
    """Split components into as few sets as is easy, the same ones whatever their order.

    A component is never apart from its own files, nor are components that share a host volume or an array
    volume: a cut takes the whole of both. Largest first, each into the first set with room.

    Args:
        components: the selected ones, each with the files of all below it.
        topology: where all of them lie.
        limit: host volumes a set.
    """
    homes: dict[str, set[str]] = defaultdict(set)
    for row in topology.rows:
        homes[row.file].add(row.host_volume)
    distinct = list(dict.fromkeys(components))
    if homeless := sorted({file for one in distinct for file in one.files if file not in homes}):
        text = "It lies on no host volume of the plan."
        return tuple(Finding("policy.host-volume-missing", file, text) for file in homeless)
    clusters = sorted(_clusters(distinct, topology), key=_size_first)
    if too_large := [one for one in clusters if len(one.host_volumes) > limit]:
        return tuple(_too_large(one, limit) for one in too_large)
    sets = tuple(
        tuple(sorted((part for one in each for part in one.components), key=_order))
        for each in _packed(clusters, limit)
    )
    return Split(sets, _notes(sets, limit))


def _order(component: Component) -> tuple[str, str, str, str, tuple[str, ...]]:
    return (
        component.caption,
        component.logical_path,
        component.name,
        component.instance_id,
        component.files,
    )


def _size_first(cluster: _Cluster) -> tuple[int, list[tuple[str, str, str, str, tuple[str, ...]]]]:
    return -len(cluster.host_volumes), [_order(one) for one in cluster.components]


def _clusters(components: Sequence[Component], topology: Topology) -> Iterable[_Cluster]:
    """Return what hangs together, by merging whatever shares a host volume or an array volume."""
    storage: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row in topology.rows:
        storage[row.file] |= {("host", row.host_volume), ("array", row.array_id, row.volume_id)}
    merged: list[tuple[list[Component], set[tuple[str, ...]]]] = []
    for component in components:
        members = [component]
        lies_on = {place for file in component.files for place in storage[file]}
        for other in [one for one in merged if one[1] & lies_on]:
            merged.remove(other)
            members += other[0]
            lies_on |= other[1]
        merged.append((members, lies_on))
    for members, lies_on in merged:
        host_volumes = frozenset(place[1] for place in lies_on if place[0] == "host")
        yield _Cluster(tuple(sorted(members, key=_order)), host_volumes)


def _packed(clusters: Sequence[_Cluster], limit: int) -> list[list[_Cluster]]:
    """Put each cluster into the first set with room for it. Clusters share nothing, so sizes just add up."""
    bins: list[list[_Cluster]] = []
    for cluster in clusters:
        for each in bins:
            if sum(len(one.host_volumes) for one in each) + len(cluster.host_volumes) <= limit:
                each.append(cluster)
                break
        else:
            bins.append([cluster])
    return bins


def _too_large(cluster: _Cluster, limit: int) -> Finding:
    who = ", ".join(one.caption for one in cluster.components)
    text = f"{len(cluster.host_volumes)} host volumes hang together; a set holds {limit} at most."
    return Finding("policy.too-many-volumes", who, text)


def _notes(sets: Sequence[Sequence[Component]], limit: int) -> tuple[Finding, ...]:
    if len(sets) < 2:
        return ()
    said = "; ".join(", ".join(one.caption for one in each) for each in sets)
    text = f"More than {limit} host volumes make {len(sets)} sets, each with its own instant: {said}."
    return (Finding("policy.several-instants", "set", text, fatal=False),)
