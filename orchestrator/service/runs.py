"""One job, run or planned: as many sets as it takes, from registered names to results on record. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.config.job import Job
from orchestrator.engine.clock import SystemClock
from orchestrator.engine.planning import RunPlan, Surroundings, make_plan
from orchestrator.engine.progress import Observer, ignore
from orchestrator.engine.result import RunResult
from orchestrator.model.grades import RunStatus
from orchestrator.policy.reasons import Finding
from orchestrator.service.attempts import make_set
from orchestrator.service.contents import clones_check
from orchestrator.service.copies import portions_of
from orchestrator.service.history import cut_times
from orchestrator.service.installation import Installation
from orchestrator.service.own_paths import own_paths
from orchestrator.service.parties import Callers, connected


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What one job would do.

    Attributes:
        sets: one plan each, in the order in which they would be made.
        reasons: why it would be refused; then there may be plans that would not.
    """

    sets: tuple[RunPlan, ...]
    reasons: tuple[Finding, ...] = ()


def run_job(installation: Installation, job: Job, observe: Observer) -> RunResult:
    """Make a job's proven sets. One that fails leaves nothing behind, and the others are made all the same.

    Returns:
        How the first set ended; `others` has the rest.

    Raises:
        OrchestratorError: nothing was touched.
    """
    results: list[RunResult] = []
    for result in _results(installation, job, observe):
        results.append(result)
        if result.error is not None and result.error.code == "run.interrupted":
            break
    return replace(results[0], others=tuple(results[1:]))


def _results(installation: Installation, job: Job, observe: Observer) -> Iterator[RunResult]:
    for portion in portions_of(installation, job):
        left: tuple[str, ...] = portion.databases
        while left:
            result = make_set(installation, replace(portion, databases=left), observe)
            yield result
            left = () if result.status is RunStatus.IN_DOUBT else result.left_over


def plan_job(installation: Installation, job: Job) -> JobPlan:
    """Say what a run would do, or why it would be refused. Changes nothing anywhere.

    Raises:
        OrchestratorError: a host or an array could not be asked.
    """
    plans: list[RunPlan] = []
    for planned in _plans(installation, job):
        if not isinstance(planned, RunPlan):
            return JobPlan(tuple(plans), tuple(planned))
        plans.append(planned)
    return JobPlan(tuple(plans))


def _plans(installation: Installation, job: Job) -> Iterator[RunPlan | Sequence[Finding]]:
    for portion in portions_of(installation, job):
        left: tuple[str, ...] = portion.databases
        while left:
            planned = _plan(installation, replace(portion, databases=left))
            yield planned
            left = planned.left_over if isinstance(planned, RunPlan) else ()


def _plan(installation: Installation, job: Job) -> RunPlan | Sequence[Finding]:
    host = installation.hosts.get(job.host)
    callers = Callers.of(installation.connections, host, installation.arrays.list())
    check = clones_check(installation, ignore)
    around = Surroundings(
        cut_times(installation.sets.list()), own_paths(installation.folder), check.verifiable, check.seen_by
    )
    return asyncio.run(_planned(job, callers, around))


async def _planned(job: Job, callers: Callers, around: Surroundings) -> RunPlan | Sequence[Finding]:
    async with connected(callers) as (host, arrays):
        return await make_plan(job, host, arrays, SystemClock(), around)
