"""Survey and plan: what a run would do, or why it is refused. Calls nothing that changes anything."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config.job import Job
from orchestrator.engine.clock import Clock
from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.engine.warmth import offset_between
from orchestrator.errors import HostError
from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.facts import MapRow
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import Component, Survey, WriterInstance
from orchestrator.model.time import ClockOffset
from orchestrator.policy.consistency import (
    ArrayOffer,
    Request,
    check_own_paths,
    check_plan,
    check_request,
    select_components,
)
from orchestrator.policy.reasons import Finding
from orchestrator.policy.topology import ArrayClaim, Claims, Topology, map_storage
from orchestrator.policy.truncation import BackupType, check_verifiable

# A cut does more on the array than telling the time; measured on emulators, kept wide on purpose.
ROUND_TRIPS_PER_CUT = 3.0

History = Mapping[str, Sequence[float]]
"""Seconds that earlier cuts took, by the array's registered name."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that nothing speaks against."""

    job: Job
    request: Request
    host: HostPart
    arrays: tuple[ArrayPart, ...]
    components: tuple[Component, ...]
    writers: tuple[WriterInstance, ...]
    topology: Topology
    offers: Mapping[str, ArrayOffer]
    host_clock: ClockOffset

    @property
    def emulated(self) -> bool:
        """Whether an emulator takes part in any role (R5)."""
        return self.host.identity.emulated or any(array.identity.emulated for array in self.arrays)

    @property
    def grade(self) -> Grade:
        """The grade a set of this plan reaches if R1 holds."""
        ceilings = [array.capabilities.ceiling for array in self.arrays]
        return max(self.host.coordinator.ceiling, *ceilings, key=list(Grade).index)

    def volumes_on(self, array: ArrayPart) -> tuple[ArrayVolume, ...]:
        """Return what one array has to cut."""
        return self.topology.volumes_by_array[array.identity.array_id]


async def make_plan(
    job: Job,
    host: HostPart,
    arrays: Sequence[ArrayPart],
    history: History,
    clock: Clock,
    own_paths: Sequence[Path] = (),
    verifiable: Collection[str] = (),
) -> RunPlan | tuple[Finding, ...]:
    """Survey the host, find every LUN, and let policy judge.

    Args:
        job: what is to be made.
        host: whose writers, or file systems, are to be frozen.
        arrays: every registered one.
        history: of earlier cuts.
        clock: ours.
        own_paths: what the run itself needs on this machine while the host is frozen.
        verifiable: ids of the writers whose databases a verifier understands.

    Raises:
        OrchestratorError: the host or an array could not be asked.
    """
    request = _request(job)
    if findings := check_request(request):
        return findings
    asked = clock.reading()
    survey = await host.coordinator.survey()
    answered = clock.reading()
    components, findings = _split(select_components(request, survey))
    if findings:
        return findings
    topology = map_storage(survey, components, await _claims(survey, arrays), request.lun_array)
    if not isinstance(topology, Topology):
        return topology
    used = tuple(array for array in arrays if array.identity.array_id in topology.volumes_by_array)
    offers = {
        array.identity.array_id: await _offer(
            array, topology.volumes_by_array[array.identity.array_id], history, clock
        )
        for array in used
    }
    own = [*own_paths, *(path for array in used for path in array.provider.local_paths)]
    owners = {component.instance_id for component in components}
    writers = tuple(writer for writer in survey.writers if writer.instance_id in owners)
    held = {str(path): names for path, names in (await host.coordinator.volumes_under(own)).items()}
    if findings := (
        *check_plan(request, topology, {host.name: host.coordinator.ceiling}, offers),
        *check_own_paths(held, topology),
        *check_verifiable(writers, verifiable, truncate=job.truncate),
    ):
        return findings
    return RunPlan(
        job=job,
        request=request,
        host=host,
        arrays=used,
        components=components,
        writers=writers,
        topology=topology,
        offers=offers,
        host_clock=offset_between(asked, answered, survey.clock.wall.timestamp()),
    )


async def read_map(plan: RunPlan) -> tuple[MapRow, ...]:
    """Read the map from files to array volumes once more, for the components of a plan.

    Raises:
        HostError: it cannot be read any more.
    """
    survey = await plan.host.coordinator.survey()
    components, findings = _split(select_components(plan.request, survey))
    topology = map_storage(survey, components, await _claims(survey, plan.arrays), plan.request.lun_array)
    if findings or not isinstance(topology, Topology):
        raise HostError(
            "proof.map-changed", "the databases no longer lie where they did", subject=plan.host.name
        )
    return topology.rows


def _request(job: Job) -> Request:
    return Request(
        components=job.databases,
        grade=job.grade or Grade.WRITER_VERIFIED,
        freeze_writers=job.grade is not None,
        context=job.context,
        backup_type=BackupType[job.backup_type.upper()],
        lun_array=job.lun_array,
        budgets=job.budgets,
        truncate=job.truncate,
    )


def _split(
    selected: tuple[Component, ...] | tuple[Finding, ...],
) -> tuple[tuple[Component, ...], tuple[Finding, ...]]:
    return (
        tuple(item for item in selected if isinstance(item, Component)),
        tuple(item for item in selected if isinstance(item, Finding)),
    )


async def _claims(survey: Survey, arrays: Sequence[ArrayPart]) -> Claims:
    """Ask every array for every LUN of the host: one that two of them know must not go unseen."""
    lun_ids = sorted({lun_id for item in survey.host_volumes for lun in item.luns for lun_id in lun.lun_ids})
    claims: dict[str, list[ArrayClaim]] = defaultdict(list)
    for array, found in zip(
        arrays, await asyncio.gather(*(array.provider.locate(lun_ids) for array in arrays)), strict=True
    ):
        for lun_id, item in found.items():
            claims[lun_id].append(ArrayClaim(array.identity.array_id, array.name, item))
    return claims


async def _offer(
    array: ArrayPart, volumes: Sequence[ArrayVolume], history: History, clock: Clock
) -> ArrayOffer:
    """Take the slowest of what experience says and what the provider itself expects."""
    forecasts = [await _experience(array, history, clock)]
    if (expected := await array.provider.forecast(volumes)) is not None:
        forecasts.append((expected.cut_s, expected.basis))
    forecast_s, basis = max(forecasts)
    return ArrayOffer(array.name, array.capabilities, forecast_s, basis)


async def _experience(array: ArrayPart, history: History, clock: Clock) -> tuple[float, str]:
    earlier = history.get(array.name, ())
    if earlier:
        return max(earlier), f"the slowest of the last {len(earlier)} cuts on it"
    asked = clock.reading()
    await array.provider.clock()
    round_trip_s = asked.elapsed_s(clock.reading())
    basis = f"{ROUND_TRIPS_PER_CUT:g} round trips of {round_trip_s * 1000:.0f} ms, measured now"
    return ROUND_TRIPS_PER_CUT * round_trip_s, basis
