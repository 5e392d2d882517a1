"""A host as a tree: writers, their components, the host volumes these lie on, and the LUNs behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from orchestrator.model.hosts import Component, HostVolume, Survey
from orchestrator.policy.topology import home_of


def tree_result(survey: Survey) -> dict[str, Any]:
    """Return the tree as data. Host volumes stand once each; components refer to them by name."""
    return {
        "writers": [
            {
                **asdict(writer),
                "components": [
                    {**asdict(component), "host_volumes": [each.name for each in _homes(component, survey)]}
                    for component in survey.components
                    if component.instance_id == writer.instance_id
                ],
            }
            for writer in survey.writers
        ],
        # File systems that no writer speaks for are frozen, and cloned, by themselves.
        "components": [
            {**asdict(component), "host_volumes": [each.name for each in _homes(component, survey)]}
            for component in survey.components
            if not component.instance_id
        ],
        "host_volumes": [asdict(each) for each in survey.host_volumes],
    }


def tree_text(survey: Survey) -> str:
    """Return the tree as indented lines."""
    return "\n".join(_lines(survey))


def _lines(survey: Survey) -> Iterator[str]:
    for writer in survey.writers:
        yield f"  writer {writer.name} (instance {writer.instance_id})"
        yield from _component_lines(writer.instance_id, survey)
    if any(not component.instance_id for component in survey.components):
        yield "  no writer: file systems, frozen by themselves"
        yield from _component_lines("", survey)


def _component_lines(instance_id: str, survey: Survey) -> Iterator[str]:
    for component in survey.components:
        if component.instance_id == instance_id:
            mark = "" if component.selectable else " (not selectable by itself)"
            yield f"    component {component.caption}{mark}"
            for host_volume in _homes(component, survey):
                yield from _volume_lines(host_volume)


def _volume_lines(host_volume: HostVolume) -> Iterator[str]:
    where = ", ".join(host_volume.mount_points) or "not mounted"
    unknown = "" if host_volume.complete else ", not every LUN is known"
    yield f"      host volume {where} ({host_volume.layout}{unknown})"
    for lun in host_volume.luns:
        yield f"        LUN {', '.join(lun.lun_ids)}"


def _homes(component: Component, survey: Survey) -> Iterable[HostVolume]:
    homes = (home_of(file, survey.host_volumes) for file in component.files)
    return dict.fromkeys(home for home in homes if home is not None)
