"""`quiesce run` and `quiesce plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers
from orchestrator.cli.progress import progress
from orchestrator.cli.run_report import finding_data, finding_text, plan_data, plan_text, run_data, run_text
from orchestrator.config.job import Job
from orchestrator.config.job_file import load_job
from orchestrator.engine.planning import RunPlan
from orchestrator.engine.result import RunResult
from orchestrator.errors import ExitStatus, Retryable, retryable_of
from orchestrator.evidence import signing_key
from orchestrator.model.grades import RunStatus
from orchestrator.model.verification import Verdict
from orchestrator.service.history import forecast_verification
from orchestrator.service.runs import plan_job, run_job

EXIT_STATUS_OF: Final = {
    RunStatus.COMPLETED: ExitStatus.OK,
    RunStatus.REFUSED: ExitStatus.REFUSED,
    RunStatus.ABORTED: ExitStatus.ABORTED,
    RunStatus.FAILED_VERIFICATION: ExitStatus.FAILED_VERIFICATION,
    RunStatus.IN_DOUBT: ExitStatus.IN_DOUBT,
}

job_file = click.argument("job_file", metavar="JOB.toml", type=click.Path(path_type=Path))


@click.command()
@job_file
@answers("quiesce.run/1")
def run(job_file: Path) -> Answer:
    """Make one proven set from a job file: freeze, cut on every array, thaw, prove, sign."""
    job = load_job(job_file)
    installation = open_installation()
    with progress() as observe:
        result = run_job(installation, job, observe)
    key = signing_key(installation.folder.keys, emulated=result.emulated)
    return Answer(
        run_data(result, installation.folder.keys / f"{key.name}.pub"),
        run_text(result),
        _exit_status(result, job),
        Retryable.NEVER if result.error is None else retryable_of(result.error),
    )


def _exit_status(result: RunResult, job: Job) -> ExitStatus:
    """Return what to end with: a proven set that nobody could look into needs somebody's attention."""
    completed = result.status is RunStatus.COMPLETED
    unknown = result.contents is None or result.contents.verdict is Verdict.NOT_VERIFIABLE
    return (
        ExitStatus.NEEDS_ATTENTION if completed and job.verify and unknown else EXIT_STATUS_OF[result.status]
    )


@click.command()
@job_file
@answers("quiesce.plan/1")
def plan(job_file: Path) -> Answer:
    """Say what a run would do, and whether it would be refused. Changes nothing."""
    job = load_job(job_file)
    installation = open_installation()
    planned = plan_job(installation, job)
    if isinstance(planned, RunPlan):
        verification = forecast_verification(installation.sets.list(), planned) if job.verify else None
        return Answer(plan_data(planned, verification), plan_text(planned, verification))
    refusal = {"refused": True, "reasons": [finding_data(reason) for reason in planned]}
    return Answer(refusal, "\n".join(finding_text(reason) for reason in planned), ExitStatus.REFUSED)
