"""A run's progress on a terminal: one bar of phases on stderr; nothing when nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator.cli.output import Manner
from orchestrator.engine.progress import Observer, Phase, ignore


@contextmanager
def progress() -> Iterator[Observer]:
    """Yield an observer that draws, or one that does not when stderr is no terminal or must stay empty."""
    manner: Manner = click.get_current_context().obj
    if not manner.shows_progress:
        yield ignore
        return
    # No refresh thread: it would write to the terminal while writers are frozen.
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
    ) as bar:
        phases = [phase for phase in Phase if phase not in (Phase.UNDO, Phase.WAIT)]
        task = bar.add_task("start", total=len(phases))

        def draw(phase: Phase, text: str) -> None:
            done = phases.index(phase) + 1 if phase in phases else None
            bar.update(task, description=f"{phase}: {text}", completed=done)
            bar.refresh()

        yield draw
