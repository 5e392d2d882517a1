"""One job, run or planned, from registered names to the result on record. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from orchestrator.config.job import Job
from orchestrator.config.state_folder import random_name
from orchestrator.engine.clock import SystemClock
from orchestrator.engine.planning import History, RunPlan, make_plan
from orchestrator.engine.progress import Observer, Phase, ignore
from orchestrator.engine.result import RunResult
from orchestrator.engine.run import CloneRun
from orchestrator.evidence import EvidenceChain
from orchestrator.hosts.linux.lun_devices import ThisMachine
from orchestrator.journal.host_lock import hold_host
from orchestrator.journal.store import Journal, new_journal
from orchestrator.model.grades import RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.policy.reasons import Finding
from orchestrator.service.contents import ClonesCheck
from orchestrator.service.history import cut_times
from orchestrator.service.installation import Installation, settle_heap
from orchestrator.service.own_paths import own_paths
from orchestrator.service.parties import Callers, connected
from orchestrator.service.quarantine import delete_expired
from orchestrator.service.set_record import set_of
from orchestrator.service.signing import SigningRecorder
from orchestrator.service.supervision import logs_held, perform_until_stopped

RUN_ID_LENGTH: Final = 10

log = structlog.get_logger()


def run_job(installation: Installation, job: Job, observe: Observer) -> RunResult:
    """Make one proven set, or leave nothing behind. SIGINT and SIGTERM undo the run.

    Raises:
        OrchestratorError: nothing was touched.
    """
    host = installation.hosts.get(job.host)
    callers = Callers.of(installation.connections, host, installation.arrays.list())
    history = cut_times(installation.sets.list())
    own = own_paths(installation.folder)
    names = ObjectNames(installation.folder.installation(), random_name(RUN_ID_LENGTH))
    for expired in delete_expired(installation, datetime.now(UTC)):
        log.info("quarantine_expired", set=expired.set_id, problem=expired.problem)
    with (
        hold_host(installation.folder.locks, host.host_id) as fence,
        new_journal(installation.folder.journals, names.stem) as journal,
        logs_held(installation.log_buffer, observe) as watch,
    ):
        result = asyncio.run(_run(installation, job, names, fence, callers, history, own, journal, watch))
        if result.status is not RunStatus.REFUSED:
            installation.sets.add(set_of(result, names, datetime.now(UTC)))
    log.info("run_ended", run=result.run_id, status=result.status, window_s=result.window_s)
    return result


async def _run(
    installation: Installation,
    job: Job,
    names: ObjectNames,
    fence: int,
    callers: Callers,
    history: History,
    own: Sequence[Path],
    journal: Journal,
    observe: Observer,
) -> RunResult:
    async with connected(callers) as (host, arrays):
        chain = EvidenceChain.of_job(installation.folder.evidence, job.name)
        recorder = SigningRecorder(chain, installation.folder.keys, job.name, names, host)
        check = _contents_check(installation, observe)
        settle_heap()
        return await perform_until_stopped(
            CloneRun(
                job,
                names,
                fence,
                host,
                arrays,
                history,
                journal,
                recorder,
                SystemClock(),
                observe,
                own,
                check,
            )
        )


def _contents_check(installation: Installation, observe: Observer) -> ClonesCheck:
    verifiers = installation.plugins.verifiers
    return ClonesCheck.of(verifiers, ThisMachine(), lambda text: observe(Phase.VERIFY, text))


def plan_job(installation: Installation, job: Job) -> RunPlan | Sequence[Finding]:
    """Say what a run would do, or why it would be refused. Changes nothing anywhere.

    Raises:
        OrchestratorError: the host or an array could not be asked.
    """
    host = installation.hosts.get(job.host)
    callers = Callers.of(installation.connections, host, installation.arrays.list())
    own = own_paths(installation.folder)
    verifiable = _contents_check(installation, ignore).verifiable
    return asyncio.run(_plan(job, callers, cut_times(installation.sets.list()), own, verifiable))


async def _plan(
    job: Job, callers: Callers, history: History, own: Sequence[Path], verifiable: Collection[str]
) -> RunPlan | Sequence[Finding]:
    async with connected(callers) as (host, arrays):
        return await make_plan(job, host, arrays, history, SystemClock(), own, verifiable)
