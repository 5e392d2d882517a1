"""Which plans the emulated server accepts: what VSS and the Exchange writer would refuse until prepared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.metadata import ServerMetadata
from orchestrator.hosts.emulated_exchange.emulator.options import LabDatabase
from orchestrator.model.budgets import MAX_HOST_VOLUMES
from orchestrator.model.exchange import ExchangeVersion
from orchestrator.model.hosts import HostVolume, WriterInstance
from orchestrator.plugin import SetPlan

VSS_CTX_NO_WRITERS: Final = 0x10

# VSS_BACKUP_TYPE. The writer makes no log (4) and no other (6) backups.
FULL: Final = 1
INCREMENTAL: Final = 2
DIFFERENTIAL: Final = 3
COPY: Final = 5
ON_TOP_OF_A_FULL: Final = (INCREMENTAL, DIFFERENTIAL)
TRUNCATING: Final = (FULL, INCREMENTAL)


def databases_of(plan: SetPlan, metadata: ServerMetadata) -> tuple[LabDatabase, ...]:
    """Return the mailbox databases that a set selects."""
    groups = [group for component in plan.components if (group := metadata.group_of(component))]
    return tuple(one for group in groups for one in group.databases if not one.recovery)


def databases_on(plan: SetPlan, metadata: ServerMetadata) -> tuple[str, ...]:
    """Return the databases with a file on a host volume of the set, selected or not."""
    held = [one for one in metadata.options.volumes if one.volume_name in plan.host_volumes]
    return tuple(dict.fromkeys(name for volume in held for name in volume.databases))


def admit(plan: SetPlan, metadata: ServerMetadata, in_backup: Mapping[str, str]) -> None:
    """Accept a plan.

    Args:
        plan: of a set.
        metadata: of the server.
        in_backup: which databases are in a backup, and what holds them.

    Raises:
        HostError: with the HRESULT that VSS or the writer would answer.
    """
    _admit_set(plan, metadata.host_volumes())
    _admit_components(plan, metadata)
    _admit_backup(plan, databases_of(plan, metadata), metadata.options.version, in_backup)


def _admit_set(plan: SetPlan, host_volumes: Iterable[HostVolume]) -> None:
    known = {volume.name: volume for volume in host_volumes}
    if plan.context & VSS_CTX_NO_WRITERS:
        raise _no(plan, "a set without writers is not made here (0x8004231b)")
    if len(plan.host_volumes) > MAX_HOST_VOLUMES:
        raise _no(plan, f"more than {MAX_HOST_VOLUMES} host volumes (0x80042312)")
    if unknown := set(plan.host_volumes) - set(known):
        raise _no(plan, f"no such host volume: {sorted(unknown)[0]} (0x80042308)")
    roots = tuple(point for name in plan.host_volumes for point in known[name].mount_points)
    for component in plan.components:
        if not all(file.startswith(roots) for file in component.files):
            what = "the set lacks a host volume with files of this component (0x800423f0)"
            raise HostError("host.writer-failed", what, subject=component.caption)


def _admit_components(plan: SetPlan, metadata: ServerMetadata) -> None:
    offered = set(metadata.components())
    if not plan.components or not set(plan.components) <= offered:
        raise _no(plan, "a component is selected that no writer offers (0x80042308)")
    if parts := [one.caption for one in plan.components if not one.selectable]:
        raise _no(plan, f"{parts[0]} is part of a component and not selected by itself (0x80042308)")
    if not _ids(plan.writers) <= _ids(metadata.writers):
        raise _no(plan, "no such writer instance (0x80042308)")


def _admit_backup(
    plan: SetPlan,
    databases: Collection[LabDatabase],
    version: ExchangeVersion,
    in_backup: Mapping[str, str],
) -> None:
    one_at_a_time = version is ExchangeVersion.EXCHANGE_2003 and databases
    if busy := set(in_backup) if one_at_a_time else {one.name for one in databases} & set(in_backup):
        raise HostError("host.busy", "backup in progress (0x50d)", subject=", ".join(sorted(busy)))
    if not databases:
        return
    if plan.backup_type not in (FULL, INCREMENTAL, DIFFERENTIAL, COPY):
        raise writer_failed("the writer makes no backups of this type", plan.set_id)
    for one in databases:
        if not one.listed:
            raise writer_failed("a database of the storage group is dismounted", one.name)
        if plan.backup_type in ON_TOP_OF_A_FULL and one.circular_logging:
            raise writer_failed("circular logging leaves no logs to back up (-526)", one.name)
        if plan.backup_type in ON_TOP_OF_A_FULL and one.last_full is None:
            raise writer_failed("no full backup was made before (-560)", one.name)


def writer_failed(what: str, subject: str) -> HostError:
    """Return what the writer's veto of a backup leads to."""
    return HostError("host.writer-failed", f"FAILED_AT_PREPARE_BACKUP (0x800423f4): {what}", subject=subject)


def _ids(writers: Iterable[WriterInstance]) -> set[str]:
    return {one.instance_id for one in writers}


def _no(plan: SetPlan, what: str) -> HostError:
    return HostError("host.rejected", what, subject=plan.set_id)
