"""Which plans the emulated server accepts: what VSS and the Exchange writer would refuse until prepared."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from orchestrator.errors import HostError
from orchestrator.model.budgets import MAX_HOST_VOLUMES
from orchestrator.model.hosts import HostVolume, Survey
from orchestrator.plugin import SetPlan

VSS_CTX_NO_WRITERS: Final = 0x10


def databases_of(plan: SetPlan) -> tuple[str, ...]:
    """Return the databases that a set selects."""
    return tuple(component.caption for component in plan.components)


def databases_on(plan: SetPlan, survey: Survey) -> tuple[str, ...]:
    """Return the databases with a file on a host volume of the set, selected or not."""
    roots = _roots(volume for volume in survey.host_volumes if volume.name in plan.host_volumes)
    return tuple(
        component.caption
        for component in survey.components
        if component.selectable and any(file.startswith(roots) for file in component.files)
    )


def admit(plan: SetPlan, survey: Survey, in_backup: Collection[str]) -> None:
    """Accept a plan.

    Raises:
        HostError: with the HRESULT that VSS or the writer would answer.
    """
    known = {volume.name: volume for volume in survey.host_volumes}
    if plan.context & VSS_CTX_NO_WRITERS:
        raise _no(plan, "a set without writers is not made here (0x8004231b)")
    if len(plan.host_volumes) > MAX_HOST_VOLUMES:
        raise _no(plan, f"more than {MAX_HOST_VOLUMES} host volumes (0x80042312)")
    if unknown := set(plan.host_volumes) - set(known):
        raise _no(plan, f"no such host volume: {sorted(unknown)[0]} (0x80042308)")
    if not plan.components or not set(plan.components) <= set(survey.components):
        raise _no(plan, "a component is selected that no writer offers (0x80042308)")
    if not set(plan.writers) <= set(survey.writers):
        raise _no(plan, "no such writer instance (0x80042308)")
    if busy := set(databases_of(plan)) & set(in_backup):
        raise HostError("host.busy", "backup in progress (0x50d)", subject=", ".join(sorted(busy)))
    roots = _roots(known[name] for name in plan.host_volumes)
    for component in plan.components:
        if not all(file.startswith(roots) for file in component.files):
            what = "the set lacks a host volume with files of this component (0x800423f0)"
            raise HostError("host.writer-failed", what, subject=component.caption)


def _roots(volumes: Iterable[HostVolume]) -> tuple[str, ...]:
    return tuple(point for volume in volumes for point in volume.mount_points)


def _no(plan: SetPlan, what: str) -> HostError:
    return HostError("host.rejected", what, subject=plan.set_id)
