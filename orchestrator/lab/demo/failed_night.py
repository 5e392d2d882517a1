"""Act four: an array that answers after the release, and what is left of that run."""

from __future__ import annotations

from typing import Final

from orchestrator.engine.progress import Observer
from orchestrator.engine.result import RunResult
from orchestrator.lab.demo.jobs import IMPATIENT
from orchestrator.lab.demo.stage import DATABASE_ARRAY, Stage
from orchestrator.service.runs import run_job

LATE_S: Final = 1.5


def have_a_failed_night(stage: Stage, observe: Observer) -> RunResult:
    """Let one array answer its cut long after the budget, and return how the run ended."""
    fault = {
        "name": "late-answer",
        "call": "POST protection-group-snapshots",
        "position": 1,
        "delay_s": LATE_S,
    }
    stage.control(DATABASE_ARRAY, "POST", "faults", fault)
    return run_job(stage.installation, IMPATIENT, observe)
