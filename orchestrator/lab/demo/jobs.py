"""The jobs of the demonstration."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrator.config.job import Job
from orchestrator.lab.demo.stage import DATABASES, HOST
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.grades import Grade
from orchestrator.policy.consistency import CLONE_CONTEXT

NIGHTLY: Final = Job(
    name="nightly",
    host=HOST,
    databases=DATABASES,
    backup_type="copy",
    consistency=Grade.WRITER_VERIFIED,
    freeze=True,
    context=CLONE_CONTEXT,
    clone=True,
    lun_array={},
    budgets=DEFAULT_BUDGETS,
    verify=True,
)

# A slow array shows sooner under a stricter budget, and nobody has to wait five seconds for it.
IMPATIENT: Final = replace(NIGHTLY, budgets=replace(DEFAULT_BUDGETS, commit_s=0.5, hold_s=1.0))
