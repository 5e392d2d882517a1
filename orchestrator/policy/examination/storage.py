"""The way down from every component to registered arrays, judged by the rules that a run applies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.errors import CATALOGUE
from orchestrator.model.hosts import CheckStatus, Component, HostCheck, HostVolume, Survey
from orchestrator.policy.examination.writers import DATABASE_WRITERS, of_the_system, writer_id_of
from orchestrator.policy.reasons import Finding
from orchestrator.policy.topology import Claims, Topology, home_of, map_storage

# A job can say something about these: which array, and which other components go along.
_A_JOB_MAY_MEND: Final = frozenset({"policy.lun-claimed-twice", "policy.bystander-volume"})


def storage_checks(survey: Survey, claims: Claims) -> Iterator[HostCheck]:
    """Judge where each component that can be selected lies, as if it were a job by itself.

    Args:
        survey: the host as it is.
        claims: for each LUN identity of the survey, the registered arrays that know it.
    """
    components = [each for each in survey.components if each.selectable and not of_the_system(each, survey)]
    statuses: dict[Finding, CheckStatus] = {}
    mapped = 0
    for component in components:
        found = map_storage(survey, (component,), claims, {})
        if isinstance(found, Topology):
            mapped += 1
            yield HostCheck(f"storage of {component.caption}", CheckStatus.GOOD, _way(found, claims))
            continue
        for finding in found:
            worse = _status(finding, component, survey)
            if statuses.get(finding) is not CheckStatus.BAD:
                statuses[finding] = worse
    for finding, status in statuses.items():
        yield HostCheck(f"storage: {finding.subject}", status, finding.text, CATALOGUE[finding.code].remedy)
    if components and not mapped and CheckStatus.BAD not in statuses.values():
        found_text = f"None of {len(components)} components that can be selected could be cloned as it lies."
        remedy = "Register the arrays that serve its LUNs: `quiesce array add`."
        yield HostCheck("storage", CheckStatus.BAD, found_text, remedy)
    yield from _elsewhere(survey, components, claims)


def _way(topology: Topology, claims: Claims) -> str:
    arrays = {claim.array_id: claim.array_name for found in claims.values() for claim in found}
    where = ", ".join(
        f"{volume.name} on {arrays[array_id]}"
        for array_id, volumes in topology.volumes_by_array.items()
        for volume in volumes
    )
    return f"{len(topology.host_volumes)} host volumes, on {where}."


def _status(finding: Finding, component: Component, survey: Survey) -> CheckStatus:
    if finding.code in _A_JOB_MAY_MEND:
        return CheckStatus.WARNING
    # What is no database may lie where it likes, as long as nobody wants it cloned.
    application = writer_id_of(component, survey) in DATABASE_WRITERS
    return CheckStatus.BAD if application else CheckStatus.WARNING


def _elsewhere(survey: Survey, components: list[Component], claims: Claims) -> Iterator[HostCheck]:
    """Name the host volumes that no component lies on and no array knows: nothing to do, good to know."""
    homes = {home_of(file, survey.host_volumes) for each in components for file in each.files}
    unknown = [
        (volume.mount_points or (volume.name,))[0]
        for volume in survey.host_volumes
        if volume not in homes and not _known(volume, claims)
    ]
    if unknown:
        found = f"No registered array knows {', '.join(unknown)}; nothing that a job would clone lies there."
        yield HostCheck("other host volumes", CheckStatus.GOOD, found)


def _known(volume: HostVolume, claims: Claims) -> bool:
    return bool(volume.luns) and all(any(claims.get(each) for each in lun.lun_ids) for lun in volume.luns)
