"""`quiesce lab up`: a whole lab, served and registered until stopped."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from orchestrator.lab.demo.stage import DATABASES, HOST, staged


@click.command("up")
@click.argument("home", type=click.Path(path_type=Path))
def up(home: Path) -> None:
    """Serve two emulated arrays and an emulated Exchange host, registered in HOME, until stopped.

    HOME is an empty folder. Set QUIESCE_HOME to it, and every other command finds them.
    """
    if home.exists() and any(home.iterdir()):
        raise click.BadParameter(f"{home} is not an empty folder", param_hint="HOME")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with staged(home.absolute()) as stage:
        click.echo(f"host {HOST} with {' and '.join(DATABASES)}; arrays {' and '.join(stage.arrays)}")
        click.echo(f"ready: export QUIESCE_HOME={home.absolute()}")
        stopped.wait()
