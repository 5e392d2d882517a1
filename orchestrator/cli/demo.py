"""`quiesce demo`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import click

from orchestrator.cli.output import Answer, Manner, answers, problem_of
from orchestrator.cli.progress import progress
from orchestrator.cli.run_report import run_data, run_text
from orchestrator.engine.result import RunResult
from orchestrator.errors import ExitStatus
from orchestrator.lab.demo.break_off import BrokenOff, split_without_freeze
from orchestrator.lab.demo.failed_night import have_a_failed_night
from orchestrator.lab.demo.proven import Proven, make_proven_clone
from orchestrator.lab.demo.stage import staged
from orchestrator.lab.real.requirements import demand_requirements
from orchestrator.model.grades import RunStatus


@click.command()
@click.option("--keep", type=click.Path(path_type=Path), help="Keep everything in this empty folder.")
@click.option("--real", is_flag=True, help="On real file systems and software arrays of this machine; root.")
@click.option("--rounds", type=click.IntRange(min=1), help="With --real: proven sets a combination.")
@answers("quiesce.demo/1")
def demo(keep: Path | None, real: bool, rounds: int | None) -> Answer:
    """Show a proven clone and a refused break-off, on emulated parts.

    No root, no array, no Exchange. Evidence and public key are kept; the emulated arrays go.

    With --real: each kind of host that freezes file systems with each software array, on file systems that
    the demo itself makes and takes away.
    """
    if rounds is not None and not real:
        raise click.UsageError("--rounds goes with --real.")
    if real:
        demand_requirements("quiesce demo --real")
    home = Path(tempfile.mkdtemp(prefix="quiesce-demo-")) if keep is None else keep.absolute()
    if home.exists() and any(home.iterdir()):
        raise click.BadParameter(f"{home} is not an empty folder", param_hint="--keep")
    if real:
        _on_real_parts(home, rounds)
    with progress() as observe, staged(home) as stage:
        proven = make_proven_clone(stage, observe)
        broken_off = split_without_freeze(stage)
        failed = have_a_failed_night(stage, observe)
    if keep is None:
        shutil.rmtree(home / "lab")
    status = ExitStatus.OK if _as_promised(proven, broken_off, failed) else ExitStatus.INTERNAL
    return Answer(_data(proven, broken_off, failed), _text(proven, broken_off, failed), status)


def _on_real_parts(home: Path, rounds: int | None) -> NoReturn:
    """Let the other demo answer, in a document of its own."""
    from orchestrator.cli.demo_real import ROUNDS, real_demo  # needed by nobody else

    manner: Manner = click.get_current_context().obj
    real_demo(home, ROUNDS if rounds is None else rounds, as_json=manner.as_json, quiet=manner.quiet)
    raise AssertionError("it has answered")


def _as_promised(proven: Proven, broken_off: BrokenOff, failed: RunResult) -> bool:
    return (
        proven.result.status is RunStatus.COMPLETED
        and proven.recoverable
        and broken_off.torn > 0
        and broken_off.refusal is not None
        and failed.status is RunStatus.ABORTED
    )


def _data(proven: Proven, broken_off: BrokenOff, failed: RunResult) -> dict[str, Any]:
    return {
        **run_data(proven.result, proven.public_key),
        "break_off": {
            "copies": broken_off.copies,
            "torn": broken_off.torn,
            "finding": broken_off.finding,
            "refused": broken_off.refusal is not None,
            "code": None if broken_off.refusal is None else broken_off.refusal.code,
        },
        "failed_night": {
            "status": failed.status,
            "problem": None if failed.error is None else problem_of(failed.error),
            "removed": [str(remains) for remains in failed.undone.removed],
            "evidence": str(failed.record),
        },
    }


def _text(proven: Proven, broken_off: BrokenOff, failed: RunResult) -> str:
    refusal = broken_off.refusal
    return "\n".join(
        [
            "1. One freeze over two arrays",
            _indented(run_text(proven.result)),
            f"  check it yourself: quiesce evidence verify {proven.result.record} --key {proven.public_key}",
            "",
            f"2. {broken_off.copies} copies split off without a freeze, log first, database 5 ms later",
            f"  unrecoverable (database newer than its logs): {broken_off.torn} of {broken_off.copies}",
            f"  {broken_off.finding}",
            "",
            f"3. One of them offered: quiesce set adopt {broken_off.offered}",
            "  NOT REFUSED" if refusal is None else f"  refused: {refusal}\n  next: {refusal.remedy}",
            "" if refusal is None else f"  code: {refusal.code}\n",
            "4. A failed night: one array answers after the release",
            _indented(run_text(failed)),
        ]
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
