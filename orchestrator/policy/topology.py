"""The way down from files to array volumes, and the layouts that are refused.

A file lies on the host volume with the longest matching mount point, a host volume on LUNs, and each LUN
is one array volume of one array.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.facts import MapRow
from orchestrator.model.hosts import Component, DiskLayout, HostLun, HostVolume, Survey
from orchestrator.policy.reasons import Finding


@dataclass(frozen=True, slots=True)
class ArrayClaim:
    """One array's word that it serves a LUN."""

    array_id: str
    array_name: str
    volume: ArrayVolume


@dataclass(frozen=True, slots=True)
class Topology:
    """Where the selected components lie.

    Attributes:
        rows: one per file and LUN, sorted.
        host_volumes: names, sorted.
        volumes_by_array: what each array must cut, by array id; sorted by array volume id.
        inner_paths: of each file, its path inside its file system, "/" between names.
    """

    rows: tuple[MapRow, ...]
    host_volumes: tuple[str, ...]
    volumes_by_array: Mapping[str, tuple[ArrayVolume, ...]]
    inner_paths: Mapping[str, str] = field(default_factory=dict)


Claims = Mapping[str, Sequence[ArrayClaim]]


def map_storage(
    survey: Survey, components: Sequence[Component], claims: Claims, lun_array: Mapping[str, str]
) -> Topology | tuple[Finding, ...]:
    """Return where the components lie, or why that cannot be cut.

    Args:
        survey: the host as it is.
        components: the selected ones.
        claims: for each LUN identity of the survey, the arrays that know it.
        lun_array: for a LUN that several arrays claim, the name of the one to use.
    """
    files = sorted({file for component in components for file in component.files})
    home = {file: home_of(file, survey.host_volumes) for file in files}
    in_set = {volume.name: volume for volume in home.values() if volume is not None}
    chosen = {lun: _choose(lun, claims, lun_array) for volume in in_set.values() for lun in volume.luns}
    findings = (
        *(_homeless(file) for file, volume in home.items() if volume is None),
        *(finding for volume in in_set.values() for finding in _unfit(volume, chosen)),
        *_bystanders(survey.host_volumes, in_set, chosen, claims),
    )
    if findings:
        return findings
    return _topology(home, chosen)


def _topology(
    home: Mapping[str, HostVolume | None], chosen: Mapping[HostLun, Sequence[ArrayClaim]]
) -> Topology:
    rows: set[MapRow] = set()
    volumes: dict[str, dict[str, ArrayVolume]] = defaultdict(dict)
    for file, host_volume in home.items():
        if host_volume is not None:
            for lun in host_volume.luns:
                claim = chosen[lun][0]
                rows.add(MapRow(file, host_volume.name, lun.lun_id, claim.array_id, claim.volume.volume_id))
                volumes[claim.array_id][claim.volume.volume_id] = claim.volume
    return Topology(
        rows=tuple(sorted(rows)),
        host_volumes=tuple(sorted({row.host_volume for row in rows})),
        volumes_by_array={
            array_id: tuple(found[volume_id] for volume_id in sorted(found))
            for array_id, found in sorted(volumes.items())
        },
        inner_paths={file: _path_inside(file, one) for file, one in home.items() if one is not None},
    )


def home_of(file: str, host_volumes: Iterable[HostVolume]) -> HostVolume | None:
    """Return the host volume with the longest mount point that the file lies under."""
    path = _comparable(file)
    matches = [
        (len(root), volume)
        for volume in host_volumes
        for root in (_root(point) for point in (*volume.mount_points, volume.name))
        if path.startswith(root)
    ]
    return max(matches, key=lambda match: match[0], default=(0, None))[1]


def _path_inside(file: str, host_volume: HostVolume) -> str:
    path = _comparable(file)
    roots = (_root(point) for point in (*host_volume.mount_points, host_volume.name))
    longest = max((len(root) for root in roots if path.startswith(root)), default=0)
    as_written = file if file.startswith("/") else file.replace("/", "\\").removeprefix("\\\\?\\")
    return as_written[longest:].replace("\\", "/")


def _root(mount_point: str) -> str:
    path = _comparable(mount_point)
    separator = "/" if path.startswith("/") else "\\"
    return path.rstrip(separator) + separator


def _comparable(path: str) -> str:
    r"""Return a path in the form in which Windows holds two of them equal; POSIX paths as they are."""
    if path.startswith("/"):
        return path
    return path.replace("/", "\\").lower().removeprefix("\\\\?\\")


def _choose(lun: HostLun, claims: Claims, lun_array: Mapping[str, str]) -> tuple[ArrayClaim, ...]:
    """Return who claims a LUN under any of its identities, after what the job says of it. One is good."""
    found = dict.fromkeys(claim for lun_id in lun.lun_ids for claim in claims.get(lun_id, ()))
    named = {lun_array[lun_id] for lun_id in lun.lun_ids if lun_id in lun_array}
    return tuple(claim for claim in found if not named or claim.array_name in named)


def _homeless(file: str) -> Finding:
    return Finding("policy.host-volume-missing", file, "It lies on no host volume that the host reports.")


def _unfit(volume: HostVolume, chosen: Mapping[HostLun, Sequence[ArrayClaim]]) -> Iterator[Finding]:
    label = volume.mount_points[0] if volume.mount_points else volume.name
    identified = volume.complete and bool(volume.luns)
    if volume.layout is not DiskLayout.BASIC and not (identified and all(chosen[lun] for lun in volume.luns)):
        yield Finding("policy.dynamic-disk", label, f"It is {volume.layout}, and not every LUN is known.")
        return
    if not identified:
        yield Finding("policy.lun-unknown", label, "The host could not identify every LUN behind it.")
    for lun in volume.luns:
        yield from _unfit_lun(lun, label, chosen[lun])


def _unfit_lun(lun: HostLun, label: str, claims: Sequence[ArrayClaim]) -> Iterator[Finding]:
    subject = f"{lun.lun_id} ({label})"
    if not claims:
        yield Finding("policy.lun-unknown", subject, "No registered array, or not the one named, serves it.")
    elif len({(claim.array_id, claim.volume.volume_id) for claim in claims}) > 1:
        who = ", ".join(f"{claim.array_name} ({claim.volume.name})" for claim in claims)
        yield Finding("policy.lun-claimed-twice", subject, f"It is claimed by {who}.")
    elif claims[0].volume.ours:
        text = f"Array volume {claims[0].volume.name} on {claims[0].array_name} is a replica of ours."
        yield Finding("policy.source-is-clone", subject, text)


def _bystanders(
    host_volumes: Iterable[HostVolume],
    in_set: Mapping[str, HostVolume],
    chosen: Mapping[HostLun, Sequence[ArrayClaim]],
    claims: Claims,
) -> Iterator[Finding]:
    # Two views of one LUN may share no identity; the array volume behind them still gives it away.
    cut_lun_ids = {lun_id for lun in chosen for lun_id in lun.lun_ids}
    cut_volumes = {(claim.array_id, claim.volume.volume_id) for found in chosen.values() for claim in found}
    for volume in host_volumes:
        if volume.name in in_set:
            continue
        lun_ids = {lun_id for lun in volume.luns for lun_id in lun.lun_ids}
        claimed = (claim for lun_id in lun_ids for claim in claims.get(lun_id, ()))
        behind = {(claim.array_id, claim.volume.volume_id) for claim in claimed}
        if lun_ids & cut_lun_ids or behind & cut_volumes:
            label = ", ".join(volume.mount_points) or volume.name
            yield Finding("policy.bystander-volume", label, "It shares a LUN with the set but is not in it.")
