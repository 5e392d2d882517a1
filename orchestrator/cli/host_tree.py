"""A host as a tree: writers, their components, the host volumes these lie on, their LUNs, and the arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from orchestrator.cli.output import rfc3339
from orchestrator.model.exchange import ExchangeServer, MailboxDatabase
from orchestrator.model.hosts import Component, HostLun, HostVolume, Survey
from orchestrator.policy.topology import ArrayClaim, Claims, home_of


def tree_result(survey: Survey, claims: Claims) -> dict[str, Any]:
    """Return the tree as data. Host volumes stand once each; components refer to them by name.

    Args:
        survey: the host as it is.
        claims: for each LUN identity of the survey, the arrays that know it.
    """
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
        "host_volumes": [
            {**asdict(each), "luns": [_lun_result(lun, claims) for lun in each.luns]}
            for each in survey.host_volumes
        ],
        "exchange": None if survey.exchange is None else _exchange_result(survey.exchange),
    }


def tree_text(survey: Survey, claims: Claims) -> str:
    """Return the tree as indented lines."""
    return "\n".join(_lines(survey, claims))


def _exchange_result(server: ExchangeServer) -> dict[str, Any]:
    return asdict(server) | {
        "databases": [
            asdict(each) | {"last_full": None if each.last_full is None else rfc3339(each.last_full)}
            for each in server.databases
        ]
    }


def _lun_result(lun: HostLun, claims: Claims) -> dict[str, Any]:
    arrays = [
        {"array": claim.array_name, "array_id": claim.array_id, "array_volume": claim.volume.name}
        for claim in _claimed(lun, claims)
    ]
    return {**asdict(lun), "arrays": arrays}


def _lines(survey: Survey, claims: Claims) -> Iterator[str]:
    for writer in survey.writers:
        yield f"  writer {writer.name} (instance {writer.instance_id})"
        yield from _component_lines(writer.instance_id, survey, claims)
    if any(not component.instance_id for component in survey.components):
        yield "  no writer: file systems, frozen by themselves"
        yield from _component_lines("", survey, claims)
    if survey.exchange is not None:
        yield from _exchange_lines(survey.exchange, survey)


def _component_lines(instance_id: str, survey: Survey, claims: Claims) -> Iterator[str]:
    shown: set[HostVolume] = set()  # what cannot be selected lies below what can, on the same host volumes
    for component in survey.components:
        if component.instance_id == instance_id:
            mark = "" if component.selectable else " (not selectable by itself)"
            copy = _copy_of(component, survey.exchange)
            yield f"    component {component.caption}{mark}{'' if copy is None else f' - {_state(copy)}'}"
            for host_volume in _homes(component, survey):
                if component.selectable or host_volume not in shown:
                    yield from _volume_lines(host_volume, claims)
                shown.add(host_volume)


def _volume_lines(host_volume: HostVolume, claims: Claims) -> Iterator[str]:
    where = ", ".join(host_volume.mount_points) or "not mounted"
    unknown = "" if host_volume.complete else ", not every LUN is known"
    yield f"      host volume {where} ({host_volume.layout}{unknown})"
    for lun in host_volume.luns:
        yield f"        LUN {', '.join(lun.lun_ids)}"
        for claim in _claimed(lun, claims):
            yield f"          array {claim.array_name}, array volume {claim.volume.name}"


def _exchange_lines(server: ExchangeServer, survey: Survey) -> Iterator[str]:
    """Name the databases that no component stands for: dismounted and recovery databases, mostly."""
    shown = [_copy_of(component, server) for component in survey.components]
    for database in server.databases:
        if database not in shown:
            yield f"  database {database.name}, in no component - {_state(database)}"


def _copy_of(component: Component, server: ExchangeServer | None) -> MailboxDatabase | None:
    if server is None:
        return None
    names = {component.caption.lower(), component.name.lower()} - {""}
    return next((each for each in server.databases if names & {each.name.lower(), each.guid.lower()}), None)


def _state(database: MailboxDatabase) -> str:
    states = [str(database.role) if len(database.servers) > 1 else ""]
    states += ["mounted" if database.mounted else "dismounted", "recovery" if database.recovery else ""]
    states.append("circular logging" if database.circular_logging else "")
    if len(database.servers) > 1:
        states.append(f"{database.healthy_copies} of {len(database.servers)} copies healthy")
    if database.in_backup_by:
        states.append(f"in backup by {database.in_backup_by}")
    return ", ".join(filter(None, states))


def _claimed(lun: HostLun, claims: Claims) -> Iterable[ArrayClaim]:
    return dict.fromkeys(claim for lun_id in lun.lun_ids for claim in claims.get(lun_id, ()))


def _homes(component: Component, survey: Survey) -> Iterable[HostVolume]:
    homes = (home_of(file, survey.host_volumes) for file in component.files)
    return dict.fromkeys(home for home in homes if home is not None)
