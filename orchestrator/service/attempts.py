"""One set: begun anew while time may cure what failed; each attempt has its own names, journal and record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from orchestrator.config.job import Job
from orchestrator.config.state_folder import random_name
from orchestrator.engine.clock import SystemClock
from orchestrator.engine.offers import History
from orchestrator.engine.progress import Observer, Phase
from orchestrator.engine.result import RunResult
from orchestrator.engine.run import CloneRun
from orchestrator.evidence import EvidenceChain
from orchestrator.journal.cancel_wish import CancelWish
from orchestrator.journal.host_lock import hold_host
from orchestrator.journal.store import Journal, abandoned_journal, new_journal
from orchestrator.model.grades import RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.policy.retry import blamed, wait_before_next
from orchestrator.service.contents import clones_check
from orchestrator.service.history import cut_times
from orchestrator.service.installation import Installation, settle_heap
from orchestrator.service.own_paths import own_paths
from orchestrator.service.parties import Callers, connected
from orchestrator.service.quarantine import delete_expired
from orchestrator.service.set_record import set_of
from orchestrator.service.signing import SigningRecorder
from orchestrator.service.supervision import Watch, logs_held, perform_until_stopped, wait_unless_stopped

RUN_ID_LENGTH: Final = 10

log = structlog.get_logger()


def make_set(installation: Installation, job: Job, observe: Observer) -> RunResult:
    """Make one proven set, or leave nothing behind. SIGINT, SIGTERM and a `CancelWish` undo the run.

    Raises:
        OrchestratorError: nothing was touched.
    """
    names = ObjectNames(installation.folder.installation(), random_name(RUN_ID_LENGTH))
    earlier: list[RunResult] = []
    while True:
        result = replace(_attempt(installation, job, names, observe), earlier=tuple(earlier))
        wait_s = _wait_before_next(result, names.attempt, job.attempts)
        if wait_s is None:
            return result
        observe(Phase.WAIT, f"attempt {names.attempt} failed ({result.error}); the next in {wait_s:g} s")
        journals = installation.folder.journals
        with (
            abandoned_journal(journals / f"{names.stem}.jsonl"),  # held, so that it counts as under way
            closing(CancelWish.about(journals, names.stem)) as wish,
        ):
            if not asyncio.run(wait_unless_stopped(wait_s, wish.made)):
                return result
        earlier.append(result)
        names = replace(names, attempt=names.attempt + 1)


def _wait_before_next(result: RunResult, attempt: int, attempts: int) -> float | None:
    if result.status is not RunStatus.ABORTED:
        return None
    texts = [] if result.error is None else [str(result.error)]
    code = blamed(result.facts, [*texts, *(finding.text for finding in result.reasons)])
    return wait_before_next(code, attempt, attempts)


def _attempt(installation: Installation, job: Job, names: ObjectNames, observe: Observer) -> RunResult:
    host = installation.hosts.get(job.host)
    callers = Callers.of(installation.connections, host, installation.arrays.list())
    history = cut_times(installation.sets.list())
    own = own_paths(installation.folder)
    for expired in delete_expired(installation, datetime.now(UTC)):
        log.info("quarantine_expired", set=expired.set_id, problem=expired.problem)
    with (
        hold_host(installation.folder.locks, host.host_id) as fence,
        new_journal(installation.folder.journals, names.stem) as journal,
        logs_held(installation.log_buffer, observe) as watch,
        closing(CancelWish.about(installation.folder.journals, names.stem)) as wish,
    ):
        result = asyncio.run(
            _run(installation, job, names, fence, callers, history, own, journal, watch, wish)
        )
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
    watch: Watch,
    wish: CancelWish,
) -> RunResult:
    async with connected(callers) as (host, arrays):
        chain = EvidenceChain.of_job(installation.folder.evidence, job.name)
        recorder = SigningRecorder(chain, installation.folder.keys, job.name, names, host)
        check = clones_check(installation, watch)
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
                watch,
                own,
                check,
            ),
            lambda: not watch.frozen and wish.made(),
        )
