"""`quiesce run` and `quiesce plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers
from orchestrator.cli.progress import progress
from orchestrator.cli.run_report import finding_data, finding_text, plan_data, plan_text, run_data, run_text
from orchestrator.config.job_file import load_job
from orchestrator.engine.planning import RunPlan
from orchestrator.errors import ExitStatus, Retryable, retryable_of
from orchestrator.evidence import signing_key
from orchestrator.model.grades import RunStatus
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
        EXIT_STATUS_OF[result.status],
        Retryable.NEVER if result.error is None else retryable_of(result.error),
    )


@click.command()
@job_file
@answers("quiesce.plan/1")
def plan(job_file: Path) -> Answer:
    """Say what a run would do, and whether it would be refused. Changes nothing."""
    job = load_job(job_file)
    planned = plan_job(open_installation(), job)
    if isinstance(planned, RunPlan):
        return Answer(plan_data(planned), plan_text(planned))
    refusal = {"refused": True, "reasons": [finding_data(reason) for reason in planned]}
    return Answer(refusal, "\n".join(finding_text(reason) for reason in planned), ExitStatus.REFUSED)
