"""Survey and plan: what a run would do, or why it is refused. Calls nothing that changes anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.config.job import Job
from orchestrator.engine.clock import Clock
from orchestrator.engine.offers import History, claims_of, offer_of
from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.engine.warmth import offset_between
from orchestrator.errors import HostError
from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.budgets import MAX_HOST_VOLUMES
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
from orchestrator.policy.exchange_databases import Selection, with_files_below
from orchestrator.policy.exchange_rules import check_exchange
from orchestrator.policy.exchange_selection import check_wanted
from orchestrator.policy.presentation import (
    OwnerNodes,
    PresentationTarget,
    check_presentation,
    flag_shared_luns,
)
from orchestrator.policy.reasons import Finding
from orchestrator.policy.sets import Split, split_into_sets
from orchestrator.policy.topology import Claims, Topology, map_storage
from orchestrator.policy.truncation import BackupType, check_verifiable


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan has to know beside its job.

    Attributes:
        history: of earlier cuts.
        own_paths: what the run itself needs on this machine while the host is frozen.
        verifiable: ids of the writers whose databases a verifier understands.
        seen_by: who would be shown the clones.
    """

    history: History = field(default_factory=dict)
    own_paths: Sequence[Path] = ()
    verifiable: Collection[str] = ()
    seen_by: Sequence[PresentationTarget] = ()


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that nothing speaks against.

    Attributes:
        survey: of the host, as it was when the plan was made.
        left_over: what did not fit into this set, as the job names it: for a set of its own.
        notes: what is worth saying of the plan.
    """

    job: Job
    request: Request
    host: HostPart
    arrays: tuple[ArrayPart, ...]
    components: tuple[Component, ...]
    writers: tuple[WriterInstance, ...]
    topology: Topology
    offers: Mapping[str, ArrayOffer]
    host_clock: ClockOffset
    survey: Survey
    left_over: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()

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
    job: Job, host: HostPart, arrays: Sequence[ArrayPart], clock: Clock, around: Surroundings
) -> RunPlan | tuple[Finding, ...]:
    """Survey the host, find every LUN, and let policy judge.

    Args:
        job: what is to be made.
        host: whose writers, or file systems, are to be frozen.
        arrays: every registered one.
        clock: ours.
        around: what else counts.

    Raises:
        OrchestratorError: the host or an array could not be asked.
    """
    request = _request(job)
    if findings := check_request(request):
        return findings
    asked = clock.reading()
    survey = await host.coordinator.survey()
    answered = clock.reading()
    selected = _selected(request, survey)
    if not isinstance(selected, Selection):
        return selected
    chosen = _one_set(selected, await claims_of(survey, arrays), request)
    if not isinstance(chosen, _OneSet):
        return chosen
    topology = chosen.topology
    used = tuple(array for array in arrays if array.identity.array_id in topology.volumes_by_array)
    offers = {
        array.identity.array_id: await offer_of(
            array, topology.volumes_by_array[array.identity.array_id], around.history, clock
        )
        for array in used
    }
    own = [*around.own_paths, *(path for array in used for path in array.provider.local_paths)]
    owners = {component.instance_id for component in chosen.components}
    writers = tuple(writer for writer in survey.writers if writer.instance_id in owners)
    held = {str(path): names for path, names in (await host.coordinator.volumes_under(own)).items()}
    findings = (
        *check_exchange(selected),
        *chosen.notes,
        *flag_shared_luns(survey, topology),
        *check_plan(request, topology, {host.name: host.coordinator.ceiling}, offers),
        *check_own_paths(held, topology),
        *check_verifiable(writers, around.verifiable, truncate=job.truncate),
        *(check_presentation(around.seen_by, OwnerNodes.of(survey)) if job.verify else ()),
    )
    if fatal := tuple(finding for finding in findings if finding.fatal):
        return fatal
    return RunPlan(
        job=job,
        request=request,
        host=host,
        arrays=used,
        components=chosen.components,
        writers=writers,
        topology=topology,
        offers=offers,
        host_clock=offset_between(asked, answered, survey.clock.wall.timestamp()),
        survey=survey,
        left_over=chosen.left_over,
        notes=findings,
    )


async def read_map(plan: RunPlan) -> tuple[MapRow, ...]:
    """Read the map from files to array volumes once more, for the components of a plan.

    Raises:
        HostError: it cannot be read any more.
    """
    survey = await plan.host.coordinator.survey()
    selected = _selected(plan.request, survey)
    claims = await claims_of(survey, plan.arrays)
    if isinstance(selected, Selection):
        planned = {_key(component) for component in plan.components}
        components = tuple(each for each in selected.components if _key(each) in planned)
        topology = map_storage(survey, components, claims, plan.request.lun_array)
        if isinstance(topology, Topology):
            return topology.rows
    raise HostError("proof.map-changed", "the databases no longer lie where they did", subject=plan.host.name)


def _key(component: Component) -> tuple[str, str]:
    return component.logical_path, component.name


@dataclass(frozen=True, slots=True)
class _OneSet:
    """As much of a selection as fits into one set, and where it lies."""

    components: tuple[Component, ...]
    topology: Topology
    left_over: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()


def _one_set(selected: Selection, claims: Claims, request: Request) -> _OneSet | tuple[Finding, ...]:
    topology = map_storage(selected.survey, selected.components, claims, request.lun_array)
    if not isinstance(topology, Topology):
        return topology
    if len(topology.host_volumes) <= MAX_HOST_VOLUMES:
        return _OneSet(selected.components, topology)
    split = split_into_sets(selected.components, topology)
    if not isinstance(split, Split):
        return split
    first, *others = split.sets
    topology = map_storage(selected.survey, first, claims, request.lun_array)
    if not isinstance(topology, Topology):
        return topology
    captions = [component.caption for component in selected.components]
    left_over = tuple(
        each.caption if captions.count(each.caption) == 1 else each.name for later in others for each in later
    )
    return _OneSet(first, topology, left_over, split.notes)


def _selected(request: Request, survey: Survey) -> Selection | tuple[Finding, ...]:
    """Return what a job selects, each component with the files of all that it includes."""
    if findings := check_wanted(request.components, survey):
        return findings
    found = select_components(request, survey)
    if findings := tuple(item for item in found if isinstance(item, Finding)):
        return findings
    components = tuple(item for item in found if isinstance(item, Component))
    return Selection(with_files_below(components, survey), survey, request.backup_type)


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
