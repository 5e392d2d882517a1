"""`quiesce demo --real`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator import logs
from orchestrator.cli.output import Answer, Manner, answers, columns
from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import ExitStatus
from orchestrator.evidence import signing_key
from orchestrator.lab.real.file_systems import mount_points_under
from orchestrator.lab.real.namespace import leave_common_mounts
from orchestrator.lab.real.show import SPLITS, Advance, Shown, show_real_parts
from orchestrator.lab.real.stage import COMBINATIONS, Combination
from orchestrator.service.installation import Installation

ROUNDS: Final = 25


@answers("quiesce.demo-real/1")
def real_demo(home: Path, rounds: int) -> Answer:
    """Show copies without a freeze and proven clones, on real parts, and keep the evidence in a folder.

    For a process of its own: it leaves the mounts that others see.

    Raises:
        Interrupted: stopped from outside; everything was taken away.
        OrchestratorError: a part failed; everything was taken away.
    """
    leave_common_mounts()
    installation = Installation(StateFolder(home), logs.set_up())
    installation.folder.prepare()
    lab = home / "lab"
    try:
        with _progress(rounds) as advance:
            shown = show_real_parts(installation, lab, rounds, advance)
    finally:
        take_away(lab)
    key = signing_key(installation.folder.keys, emulated=False)
    public_key = installation.folder.keys / f"{key.name}.pub"
    status = ExitStatus.OK if all(each.as_promised for each in shown) else ExitStatus.INTERNAL
    evidence = installation.folder.evidence
    return Answer(_data(shown, evidence, public_key), _text(shown, evidence, public_key), status)


def take_away(lab: Path) -> None:
    """Delete what the parts left in their folder, unless something is still mounted there."""
    if not mount_points_under(lab):
        shutil.rmtree(lab, ignore_errors=True)


def _data(shown: Sequence[Shown], evidence: Path, public_key: Path) -> dict[str, Any]:
    return {
        "combinations": [
            {
                "host": each.combination.host,
                "array": each.combination.array,
                "as_promised": each.as_promised,
                "split_off": {"copies": len(each.split.orders), "torn": each.split.torn},
                "frozen": {
                    "clones": len(each.frozen.orders),
                    "torn": each.frozen.torn,
                    "proofs": each.proofs,
                    "window_ms": percentiles_ms(each.frozen.windows_s),
                },
                "problems": each.frozen.problems,
            }
            for each in shown
        ],
        "evidence": {"path": str(evidence)},
        "public_key": {"path": str(public_key)},
    }


def _text(shown: Sequence[Shown], evidence: Path, public_key: Path) -> str:
    heading = ("HOST", "ARRAY", "SPLIT OFF", "TORN", "FROZEN", "TORN", "PROOFS", "WINDOW P50", "P99")
    rows: list[tuple[str, ...]] = [heading]
    for each in shown:
        window = percentiles_ms(each.frozen.windows_s)
        rows.append(
            (
                *(each.combination.host, each.combination.array),
                *map(str, (len(each.split.orders), each.split.torn)),
                *map(str, (len(each.frozen.orders), each.frozen.torn, each.proofs)),
                *(f"{window[name]:.0f} ms" if window else "-" for name in ("p50", "p99")),
            )
        )
    problems = [f"{each.combination}: {problem}" for each in shown for problem in each.frozen.problems]
    return "\n".join(
        [
            "Real file systems, real agents, real copies. Torn: the database is newer than its log.",
            columns(rows),
            *problems,
            f"evidence: {evidence}",
            f"  check it yourself: quiesce evidence verify FILE --key {public_key}",
        ]
    )


def percentiles_ms(windows_s: Sequence[float]) -> dict[str, float]:
    """Return the windows of which half, and 99 in 100, are no longer."""
    ordered = sorted(windows_s)
    if not ordered:
        return {}
    ranks = {"p50": len(ordered) * 50, "p99": len(ordered) * 99}
    return {name: round(ordered[ceil(rank / 100) - 1] * 1000, 3) for name, rank in ranks.items()}


@contextmanager
def _progress(rounds: int) -> Iterator[Advance]:
    """Yield what draws a bar a combination on stderr, between windows only; or what draws nothing."""
    manner: Manner = click.get_current_context().obj
    if not manner.shows_progress:
        yield lambda _combination: None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,  # no thread: it would write to the terminal while file systems are frozen
    ) as bar:
        tasks = {each: bar.add_task(str(each), total=SPLITS + rounds) for each in COMBINATIONS}

        def advance(combination: Combination) -> None:
            bar.advance(tasks[combination])
            bar.refresh()

        yield advance
