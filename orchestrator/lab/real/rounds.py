"""Copies of the writer's two file systems, again and again: split off unfrozen, and made by whole runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orchestrator.engine.progress import Observer, ignore
from orchestrator.engine.result import RunResult
from orchestrator.errors import HostError, Interrupted
from orchestrator.evidence import EvidenceChain, Proof, signing_key
from orchestrator.lab.real.order import DATABASE_NAME, LOG_NAME, Copy, Order, order_of
from orchestrator.lab.real.stage import FILE_SYSTEMS, Stage
from orchestrator.model.grades import RunStatus
from orchestrator.service.presentation import present_set, withdraw_set
from orchestrator.service.runs import run_job
from orchestrator.service.sets import delete_set

# Between the two commands of a quick script; and at least so many of the writer's numbers, however slow the
# disk: both copies could fall between two writes otherwise, which would be luck.
GAP_S: Final = 0.005
GAP_NUMBERS: Final = 3
SLOWEST_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on.

    Attributes:
        check: called after each round; what it raises ends them.
        advance: called after each round.
        observe: called with the phases of each run.
    """

    check: Callable[[], None]
    advance: Callable[[], None]
    observe: Observer = ignore


@dataclass(slots=True)
class Rounds:
    """What some rounds showed.

    Attributes:
        orders: what each pair of copies holds.
        windows_s: how long each freeze window was; empty for copies without one.
        problems: of runs that did not complete.
    """

    orders: list[Order] = field(default_factory=list)
    windows_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def torn(self) -> int:
        """How many pairs are of no one instant."""
        return sum(order.torn for order in self.orders)


def split_rounds(stage: Stage, count: int, watch: Watch) -> Rounds:
    """Split off the log and then the database, with nothing frozen, and look at what came of it.

    Raises:
        OrchestratorError: a part of the lab failed.
    """
    rounds = Rounds()
    for _ in range(count):
        stage.writer.await_numbers(1, SLOWEST_S)
        log = stage.array.split_off(LOG_NAME)
        time.sleep(GAP_S)
        stage.writer.await_numbers(GAP_NUMBERS, SLOWEST_S)
        database = stage.array.split_off(DATABASE_NAME)
        files = [stage.array.bytes_of(split) for split in (log, database)]
        rounds.orders.append(_look(stage, *files, frozen=False))
        for file in files:
            file.unlink()
        watch.advance()
        watch.check()
    return rounds


def frozen_rounds(stage: Stage, count: int, watch: Watch) -> Rounds:
    """Make proven sets, look at their clones, and delete them; the last one stays until the stage goes.

    Raises:
        Interrupted: a run was stopped from outside.
        OrchestratorError: a part of the lab failed.
    """
    rounds, newest = Rounds(), 0
    for _ in range(count):
        result = run_job(stage.installation, stage.job, watch.observe)
        if result.status is not RunStatus.COMPLETED:
            rounds.problems.append(_problem(result))
        else:
            order = _look_at_set(stage, result)
            newest = demand_new(order, newest)
            rounds.orders.append(order)
            rounds.windows_s.append(result.window_s or 0.0)
        _delete_older_sets(stage)
        watch.advance()
        watch.check()
    return rounds


def proven_sets(stage: Stage) -> int:
    """Verify the evidence of a stage's runs with the installation's own key, and count the proofs.

    Raises:
        EvidenceError: a record does not verify.
    """
    folder = stage.installation.folder
    key = signing_key(folder.keys, emulated=False).public
    chain = EvidenceChain.of_job(folder.evidence, stage.job.name).verify(key)
    return sum(isinstance(each.record.claim, Proof) for each in chain.records)


def _problem(result: RunResult) -> str:
    if isinstance(result.error, Interrupted):
        raise result.error
    said = [str(result.error)] if result.error is not None else [str(each) for each in result.reasons]
    return f"{result.status}: {'; '.join([*said, *result.undone.in_doubt])}"


def _look_at_set(stage: Stage, result: RunResult) -> Order:
    if result.note:  # "no clones", say
        raise HostError("lab.command-failed", result.note, subject=result.set_name)
    sources = _clones_of(result)
    try:
        seen = {each.seen.volume_id: each.seen for each in present_set(stage.installation, result.set_name)}
        log, database = (
            seen[sources[f"{place}/"]] for place in (stage.log.mount_point, stage.database.mount_point)
        )
        return _look(stage, Path(log.device or log.file), Path(database.device or database.file), frozen=True)
    finally:
        withdraw_set(stage.installation, result.set_name)


def _clones_of(result: RunResult) -> dict[str, str]:
    """Return the id of the clone of each file system, by the way that the run's own facts tell."""
    facts = result.facts
    assert facts is not None  # noqa: S101 - it is completed
    clone_of = {each.clone.replica_id: each.clone.volume.volume_id for each in result.clones}
    replica_of = {each.source_volume_id: each.replica_id for cut in facts.cuts for each in cut.listed}
    return {row.file: clone_of[replica_of[row.volume_id]] for row in facts.map_before}


def _look(stage: Stage, log: Path, database: Path, *, frozen: bool) -> Order:
    return order_of(
        Copy(log, FILE_SYSTEMS[LOG_NAME], frozen),
        Copy(database, FILE_SYSTEMS[DATABASE_NAME], frozen),
        stage.looked_at,
    )


def demand_new(order: Order, newest: int) -> int:
    """Return the newest number, which must be a new one: where nobody writes, nothing is ever torn.

    Raises:
        HostError: `lab.child-ended`.
    """
    if order.log <= newest:
        what = f"the writer has written nothing since {newest}"
        raise HostError(
            "lab.child-ended", what, subject="writer", remedy="Read what it had to say on stderr."
        )
    return order.log


def _delete_older_sets(stage: Stage) -> None:
    """Delete all sets but the newest: a storage daemon cannot let go of that one before the next cut."""
    for recorded in sorted(stage.installation.sets.list(), key=lambda each: each.made_at)[:-1]:
        delete_set(stage.installation, recorded.set_id)
