"""What is refused before anything is touched. Here, and nowhere else, a break-off is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrator.model.arrays import Capabilities
from orchestrator.model.budgets import DEFAULT_BUDGETS, MAX_HOST_VOLUMES, Budgets
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import Component, Survey
from orchestrator.policy.reasons import Finding
from orchestrator.policy.topology import Topology
from orchestrator.policy.truncation import BackupType, check_backup_type

# VSS snapshot contexts (vss.h). All three: persistent, with writers, transportable to another host.
CLONE_CONTEXT: Final = 0x00040029  # full clone (PLEX)
ARRAY_DECIDES_CONTEXT: Final = 0x00000029
ARRAY_SNAPSHOT_CONTEXT: Final = 0x00020029  # shares blocks with its source (DIFFERENTIAL)
ACCEPTED_CONTEXTS: Final = frozenset({CLONE_CONTEXT, ARRAY_DECIDES_CONTEXT, ARRAY_SNAPSHOT_CONTEXT})
NO_WRITERS: Final = 0x10
TRANSPORTABLE: Final = 0x20


@dataclass(frozen=True, slots=True)
class Request:
    """What a job asks for.

    Attributes:
        components: captions, or VSS names where a caption is not unique.
        freeze_writers: a job that says no asks for a break-off.
        context: VSS snapshot context.
        lun_array: for a LUN that several arrays claim, the name of the one to use.
        truncate: the writers may truncate their logs, once the contents have been verified.
    """

    components: tuple[str, ...]
    grade: Grade = Grade.WRITER_VERIFIED
    freeze_writers: bool = True
    context: int = CLONE_CONTEXT
    backup_type: BackupType = BackupType.COPY
    lun_array: Mapping[str, str] = field(default_factory=dict)
    budgets: Budgets = DEFAULT_BUDGETS
    truncate: bool = False


@dataclass(frozen=True, slots=True)
class ArrayOffer:
    """What one array of a plan can do, and how long its cut is expected to take.

    Attributes:
        forecast_s: from asking for the cut to its answer.
        basis: what the forecast rests on ("the slowest of 20 runs").
    """

    name: str
    capabilities: Capabilities
    forecast_s: float
    basis: str


def check_request(request: Request) -> tuple[Finding, ...]:
    """Refuse what no host and no array could make good."""
    return (
        *_break_off(request),
        *_context(request.context),
        *check_backup_type(request.backup_type, truncate=request.truncate),
    )


def select_components(request: Request, survey: Survey) -> tuple[Component, ...] | tuple[Finding, ...]:
    """Return the components that a job names, or why one cannot be selected."""
    selected: dict[Component, None] = {}
    findings: list[Finding] = []
    for wanted in request.components:
        found = [one for one in survey.components if wanted in (one.caption, one.name)]
        findings += _unselectable(wanted, found, survey)
        selected |= dict.fromkeys(found)
    if not request.components:
        findings.append(Finding("input.unknown-component", "components", "The job selects none."))
    return tuple(findings) or tuple(selected)


def check_plan(
    request: Request, topology: Topology, ceilings: Mapping[str, Grade], arrays: Mapping[str, ArrayOffer]
) -> tuple[Finding, ...]:
    """Refuse a plan that cannot reach its grade or cannot fit.

    Args:
        request: what the job asks.
        topology: where it lies.
        ceilings: the best grade of each host, by the host's name.
        arrays: by array id; every array of the topology.
    """
    ceilings = {**ceilings, **{offer.name: offer.capabilities.ceiling for offer in arrays.values()}}
    return (
        *_grade(request.grade, ceilings),
        *_size(topology, arrays),
        *_forecast(request.budgets, list(arrays.values())),
    )


def check_own_paths(held: Mapping[str, Sequence[str]], topology: Topology) -> tuple[Finding, ...]:
    """Refuse to freeze what the run itself needs (R8).

    Args:
        held: by path of ours, the host volumes that it needs.
        topology: what would be frozen.
    """
    return tuple(
        Finding("policy.own-files-frozen", path, f"It lies on {host_volume}, which the run would freeze.")
        for path, needed in sorted(held.items())
        for host_volume in needed
        if host_volume in topology.host_volumes
    )


def _break_off(request: Request) -> Iterator[Finding]:
    if not request.freeze_writers:
        yield Finding("policy.break-off-refused", "job", "It asks for a copy without a writer freeze.")


def _context(context: int) -> Iterator[Finding]:
    subject = f"context {context:#x}"
    if context & NO_WRITERS:
        yield Finding("policy.no-writers-context", subject, "No writer would take part in such a set.")
    elif context not in ACCEPTED_CONTEXTS:
        # 0x9 and 0x0 among them: VSS would bring the copy's LUNs up on the production host itself, with
        # the disk signatures of their sources; 0x0 also deletes them when the requestor goes.
        lacks = "" if context & TRANSPORTABLE else " The set could not be taken to another host."
        yield Finding("policy.unsupported-context", subject, f"Quiesce makes no sets in it.{lacks}")


def _unselectable(wanted: str, found: Sequence[Component], survey: Survey) -> Iterator[Finding]:
    writers = {writer.instance_id for writer in survey.writers}
    if not found:
        offered = ", ".join(sorted(one.caption for one in survey.components)) or "nothing"
        yield Finding("input.unknown-component", wanted, f"The host does not offer it; it offers {offered}.")
    elif len(found) > 1:
        names = ", ".join(one.name for one in found)
        yield Finding("input.unknown-component", wanted, f"Several are called so; name one of {names}.")
    elif not found[0].selectable:
        yield Finding("policy.not-selectable", wanted, "Its writer does not let it be selected by itself.")
    elif found[0].instance_id and found[0].instance_id not in writers:
        yield Finding("host.writer-failed", wanted, "The writer that owns it is not running.")


def _grade(wanted: Grade, ceilings: Mapping[str, Grade]) -> Iterator[Finding]:
    for name, ceiling in ceilings.items():
        if not ceiling.reaches(wanted):
            text = f"It reaches {ceiling} at most; the job asks for {wanted}."
            yield Finding("policy.grade-out-of-reach", name, text)


def _size(topology: Topology, arrays: Mapping[str, ArrayOffer]) -> Iterator[Finding]:
    if (count := len(topology.host_volumes)) > MAX_HOST_VOLUMES:
        yield Finding(
            "policy.too-many-volumes", "set", f"{count} host volumes; {MAX_HOST_VOLUMES} is the limit."
        )
    for array_id, volumes in topology.volumes_by_array.items():
        limit = arrays[array_id].capabilities.max_volumes_per_cut
        if len(volumes) > limit:
            text = f"{len(volumes)} array volumes in one cut; its limit is {limit}."
            yield Finding("policy.too-many-per-cut", arrays[array_id].name, text)


def _forecast(budgets: Budgets, arrays: Sequence[ArrayOffer]) -> Iterator[Finding]:
    for offer in arrays:
        if not offer.forecast_s < budgets.commit_s:  # so that "not a number" is refused as well
            text = (
                f"Its cut is expected to take {offer.forecast_s:g} s ({offer.basis}); "
                f"the budget is {budgets.commit_s:g} s."
            )
            yield Finding("policy.forecast-over-budget", offer.name, text)
