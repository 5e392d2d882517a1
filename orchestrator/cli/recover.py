"""`quiesce recover`."""

from __future__ import annotations

import click

from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers
from orchestrator.errors import ExitStatus, Retryable
from orchestrator.model.grades import RunStatus
from orchestrator.service.recovery import Recovered, recover_all


@click.command()
@answers("quiesce.recovery/1")
def recover() -> Answer:
    """Thaw, settle and clean up after runs that died. Leaves runs alone whose process lives."""
    runs = recover_all(open_installation())
    doubtful = any(each.status is RunStatus.IN_DOUBT for each in runs)
    text = "\n".join(_text(each) for each in runs) or "nothing to recover"
    result = {"runs": [_data(each) for each in runs]}
    if doubtful:
        return Answer(result, text, ExitStatus.IN_DOUBT, Retryable.LATER)
    return Answer(result, text)


def _data(each: Recovered) -> dict[str, object]:
    return {
        "set": each.set_name,
        "job": each.job,
        "host": each.host,
        "status": "running" if each.status is None else each.status,
        "removed": [str(remains) for remains in each.undone.removed],
        "void_pending": [str(remains) for remains in each.undone.void_pending],
        "in_doubt": list(each.undone.in_doubt),
    }


def _text(each: Recovered) -> str:
    lines = [f"{'running' if each.status is None else each.status}: set {each.set_name} of job {each.job}"]
    lines += [f"  removed: {remains}" for remains in each.undone.removed]
    lines += [f"  void-pending: {remains}" for remains in each.undone.void_pending]
    lines += [f"  in doubt: {doubt}" for doubt in each.undone.in_doubt]
    return "\n".join(lines)
