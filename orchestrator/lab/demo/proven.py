"""Act one: one freeze over two arrays, evidence, and what the clones hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.progress import Observer
from orchestrator.engine.result import RunResult
from orchestrator.evidence import EvidenceChain, signing_key
from orchestrator.lab.demo.jobs import NIGHTLY
from orchestrator.lab.demo.stage import Stage
from orchestrator.service.runs import run_job


@dataclass(frozen=True, slots=True)
class Proven:
    """What act one showed."""

    result: RunResult
    public_key: Path

    @property
    def recoverable(self) -> bool:
        """Every database can be mounted from its clones, as the signed verification says."""
        return self.result.contents is not None and self.result.contents.verdict.passed


def make_proven_clone(stage: Stage, observe: Observer) -> Proven:
    """Run the nightly job, which looks into its clones, and check what it signed."""
    result = run_job(stage.installation, NIGHTLY, observe)
    folder = stage.installation.folder
    key = signing_key(folder.keys, emulated=True).public
    if result.record is not None:
        EvidenceChain.of_job(folder.evidence, NIGHTLY.name).verify(key)
    return Proven(result, folder.keys / f"{key.name}.pub")
