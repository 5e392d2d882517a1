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

# Of several sets of one job the worst end counts.
SEVERITY: Final = (
    ExitStatus.OK,
    ExitStatus.NEEDS_ATTENTION,
    ExitStatus.REFUSED,
    ExitStatus.ABORTED,
    ExitStatus.FAILED_VERIFICATION,
    ExitStatus.IN_DOUBT,
)

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
    sets = (result, *result.others)
    worst = max(sets, key=lambda each: SEVERITY.index(_exit_status(each, job)))
    return Answer(
        run_data(result, installation.folder.keys / f"{key.name}.pub"),
        "\n\n".join(run_text(each) for each in sets),
        _exit_status(worst, job),
        Retryable.NEVER if worst.error is None else retryable_of(worst.error),
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
    if planned.reasons:
        refusal = {"refused": True, "reasons": [finding_data(reason) for reason in planned.reasons]}
        text = "\n".join(finding_text(reason) for reason in planned.reasons)
        return Answer(refusal, text, ExitStatus.REFUSED)
    known = installation.sets.list()
    forecasts = [forecast_verification(known, each) if job.verify else None for each in planned.sets]
    data = [plan_data(each, forecast) for each, forecast in zip(planned.sets, forecasts, strict=True)]
    texts = [plan_text(each, forecast) for each, forecast in zip(planned.sets, forecasts, strict=True)]
    return Answer({**data[0], "further_sets": data[1:]}, "\n".join(texts))
