"""Act one: one freeze over two arrays, evidence, and the writer's order on the clones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from orchestrator.engine.progress import Observer
from orchestrator.engine.result import RunResult
from orchestrator.evidence import EvidenceChain, signing_key
from orchestrator.hosts.emulated_exchange.ordering import OrderVerdict, check_databases
from orchestrator.lab.demo.jobs import NIGHTLY
from orchestrator.lab.demo.stage import DATABASE_ARRAY, DATABASES, LOG_ARRAY, Stage
from orchestrator.service.runs import run_job


@dataclass(frozen=True, slots=True)
class Proven:
    """What act one showed.

    Attributes:
        order: per database, what its clones say of the writer's order.
    """

    result: RunResult
    public_key: Path
    order: dict[str, OrderVerdict]

    @property
    def ordering_valid(self) -> bool:
        """Every database's log is at most one change ahead of its pages, and never behind."""
        return len(self.order) == len(DATABASES) and all(each.valid for each in self.order.values())


def make_proven_clone(stage: Stage, observe: Observer) -> Proven:
    """Run the nightly job and look into its clones."""
    result = run_job(stage.installation, NIGHTLY, observe)
    folder = stage.installation.folder
    key = signing_key(folder.keys, emulated=True).public
    if result.record is not None:
        EvidenceChain.of_job(folder.evidence, NIGHTLY.name).verify(key)
    return Proven(result, folder.keys / f"{key.name}.pub", _order(stage, result))


def _order(stage: Stage, result: RunResult) -> dict[str, OrderVerdict]:
    """Check every pair of clones; each says itself which databases it holds."""
    clones = {name: [each for each in result.clones if each.array_name == name] for name in stage.arrays}
    paths = {name: stage.replica_paths(name) for name in stage.arrays}
    order: dict[str, OrderVerdict] = {}
    for log, database in product(clones[LOG_ARRAY], clones[DATABASE_ARRAY]):
        log_path = paths[LOG_ARRAY][log.clone.volume.name]
        order |= check_databases(log_path, paths[DATABASE_ARRAY][database.clone.volume.name])
    return order
