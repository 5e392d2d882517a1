"""`quiesce ese`: look into databases, logs and clones. Only the commands load what reads them, not --help."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.ese_speed import speed_option
from orchestrator.cli.output import Answer, answers


@click.group()
def ese() -> None:
    """Check databases and logs of Exchange, or of any ESE application. Nothing here writes to them."""


@ese.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--logs",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of the logs, if not that of the database.",
)
@click.option(
    "--inside", metavar="PATH", default="", help="Database or folder inside an image or block device."
)
@click.option("--logical", is_flag=True, help="Also walk the trees of every database (slow).")
@click.option("--throttle", metavar="SPEED", callback=speed_option, help="Read no faster: 200MB/s, 100MiB/s.")
@click.option("--iops", type=click.IntRange(min=1), help="Send at most so many read requests a second.")
@click.option("--threads", type=click.IntRange(1, 64), help="Threads that compute checksums.")
@click.option("--resume", metavar="FILE", type=click.Path(path_type=Path), help="Go on where FILE says.")
@click.option(
    "--map", "map_file", metavar="FILE.svg", type=click.Path(path_type=Path), help="Draw the damage."
)
@answers("quiesce.ese-check/1")
def check(
    paths: tuple[Path, ...],
    logs: Path | None,
    inside: str,
    logical: bool,
    throttle: int | None,
    iops: int | None,
    threads: int | None,
    resume: Path | None,
    map_file: Path | None,
) -> Answer:
    """Say whether databases can be mounted: every page, every log, and whether they belong together.

    PATH is a database, a folder, or an image or block device with an NTFS volume, read without mounting it.
    The exit status is 0 if everything is clean or recoverable, else 5.
    """
    from orchestrator.cli.ese_check import Wanted, check_answer

    wanted = Wanted(paths, logs, inside, logical, throttle, iops, threads, resume, map_file)
    return check_answer(wanted, click.get_current_context().obj)


@ese.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@answers("quiesce.ese-header/1")
def header(file: Path) -> Answer:
    """Show the header of a database, log, checkpoint or flush map, by the engine's own names."""
    from orchestrator.cli.ese_header import header_answer

    return header_answer(file)


@ese.command()
@click.argument("path", metavar="PATH", type=click.Path(path_type=Path))
@answers("quiesce.ese-logs/1")
def logs(path: Path) -> Answer:
    """Check logs: each by itself, and how they follow upon each other.

    PATH is a folder, one log of a stream, or an image or block device with an NTFS volume.
    The exit status is 0 if nothing speaks against them, else 5.
    """
    from orchestrator.cli.ese_logs import logs_answer

    return logs_answer(path, click.get_current_context().obj)
