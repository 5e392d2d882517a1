"""Who may be shown a clone: never a node of the cluster, nor the server, that has its source."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrator.model.hosts import Survey
from orchestrator.policy.exchange_databases import with_files_below
from orchestrator.policy.exchange_writers import family_of
from orchestrator.policy.reasons import Finding
from orchestrator.policy.topology import Topology, home_of

NETBIOS_LENGTH: Final = (
    15  # a cluster knows its nodes by such names; longer ones are cut off (Microsoft KB 909264)
)


@dataclass(frozen=True, slots=True)
class PresentationTarget:
    """A host that is to see a clone.

    Attributes:
        name: its own, short or fully qualified.
        initiators: as the array knows it (WWN, IQN, NQN).
    """

    name: str
    initiators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerNodes:
    """The machines that have the source.

    Attributes:
        names: of the cluster's nodes, or of the single server.
        initiators: of each of them, where they are known.
    """

    names: tuple[str, ...]
    initiators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, survey: Survey, initiators: Mapping[str, tuple[str, ...]] | None = None) -> OwnerNodes:
        """Return those that a survey tells of."""
        server = () if survey.exchange is None else (survey.exchange.name,)
        return cls((*survey.cluster_nodes, *server), initiators or {})


def check_presentation(targets: Sequence[PresentationTarget], owners: OwnerNodes) -> tuple[Finding, ...]:
    """Refuse to show a clone to whoever has its source: both have one disk signature (Windows SDK, VSS)."""
    theirs = {_comparable(initiator): node for node, each in owners.initiators.items() for initiator in each}
    findings: dict[tuple[str, str], Finding] = {}
    for target in targets:
        by_name = [node for node in owners.names if same_machine(node, target.name)]
        by_port = [theirs[_comparable(one)] for one in target.initiators if _comparable(one) in theirs]
        for node in (*by_name, *by_port):
            text = f"It is {node}, which has the source: two disks with one signature do not go together."
            findings.setdefault((target.name, node), Finding("policy.presented-to-owner", target.name, text))
    return tuple(findings.values())


def same_machine(one: str, other: str) -> bool:
    """Tell whether two names mean one machine. A short one may be any domain's, and may have been cut."""
    first, second = (name.casefold().rstrip(".") for name in (one, other))
    if "." in first and "." in second:
        return first == second
    first, second = first.partition(".")[0], second.partition(".")[0]
    shorter, longer = sorted((first, second), key=len)
    return shorter == longer or (len(shorter) == NETBIOS_LENGTH and longer.startswith(shorter))


def _comparable(initiator: str) -> str:
    """Return a name as arrays and hosts agree on it: WWNs are written with and without colons."""
    text = initiator.strip().casefold()
    bare = re.sub(r"[:.-]", "", text).removeprefix("wwn").removeprefix("0x").removeprefix("naa")
    return bare if re.fullmatch(r"[0-9a-f]{16}", bare) else text


def flag_shared_luns(survey: Survey, topology: Topology) -> tuple[Finding, ...]:
    """Say which array volumes of a set carry several databases, whether those are selected or not."""
    array_volumes = defaultdict(set)
    for row in topology.rows:
        array_volumes[row.host_volume].add((row.array_id, row.volume_id, row.lun_id))
    lying: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    offered = [one for one in survey.components if one.selectable and family_of(one, survey).exchange]
    for component in with_files_below(offered, survey):
        for file in component.files:
            home = home_of(file, survey.host_volumes)
            for place in array_volumes.get(home.name, ()) if home is not None else ():
                lying[place].add(component.caption)
    return tuple(
        Finding(
            "policy.shared-lun",
            lun_id,
            f"It carries {', '.join(sorted(captions))}: going back to one of them takes back all.",
            fatal=False,
        )
        for (_, _, lun_id), captions in sorted(lying.items())
        if len(captions) > 1
    )
