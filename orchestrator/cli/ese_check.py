"""`quiesce ese check`: whether databases can be mounted."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.cli.ese_contents import contents_of, together
from orchestrator.cli.ese_data import database_result, set_findings, stream_of, stream_result
from orchestrator.cli.ese_findings import finding_results
from orchestrator.cli.ese_map_svg import MappedDatabase, map_svg
from orchestrator.cli.ese_progress import stoppable
from orchestrator.cli.ese_result import CheckResult, ThroughputResult
from orchestrator.cli.ese_streams import folder_of
from orchestrator.cli.ese_text import pages_text, report_text
from orchestrator.cli.output import Answer, Manner
from orchestrator.config.small_file import reason_of
from orchestrator.errors import BadInput, ExitStatus
from orchestrator.verify.database_check import THREADS
from orchestrator.verify.opening import open_path
from orchestrator.verify.resume_file import ResumeFile
from orchestrator.verify.set_check import CheckOptions, check_set
from orchestrator.verify.set_report import SetReport
from orchestrator.verify.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line.

    Attributes:
        throttle: bytes a second; None for no limit.
        iops: requests a second; likewise.
    """

    paths: tuple[Path, ...]
    logs: Path | None = None
    inside: str = ""
    logical: bool = False
    throttle: int | None = None
    iops: int | None = None
    threads: int | None = None
    resume: Path | None = None
    map_file: Path | None = None


def check_answer(wanted: Wanted, manner: Manner) -> Answer:
    """Check everything named, as one set.

    Raises:
        BadInput: a file to be written cannot be, or is no file of ours.
        VerificationError: `verify.cannot-read`; one of the paths cannot be read.
        VerificationStopped: by Ctrl-C; the resume file says how far it came.
    """
    if wanted.map_file is not None:
        _may_write(wanted.map_file)
    report = _checked(wanted, manner)
    if wanted.map_file is not None:
        _draw(wanted.map_file, report)
    status = ExitStatus.OK if report.verdict.passed else ExitStatus.FAILED_VERIFICATION
    return Answer(asdict(_result(report)), report_text(report), status)


def _checked(wanted: Wanted, manner: Manner) -> SetReport:
    options = CheckOptions(
        threads=wanted.threads or THREADS,
        logical=wanted.logical,
        store=None if wanted.resume is None else ResumeFile(wanted.resume),
    )
    with stoppable(manner.shows_progress) as (stop, watch), ExitStack() as stack:
        control = Throttle(wanted.throttle, wanted.iops, stop=stop, watch=watch)
        logs = None
        if wanted.logs is not None:
            logs = stack.enter_context(closing(open_path(wanted.logs))).folder
        contents = [
            contents_of(stack.enter_context(closing(open_path(path))), wanted.inside, control, logs)
            for path in wanted.paths
        ]
        return check_set(together(contents), control, options)


def _result(report: SetReport) -> CheckResult:
    speed = report.bytes_per_s
    return CheckResult(
        verdict=report.verdict,
        databases=tuple(
            database_result(database, judgement, stream_of(database, report))
            for database, judgement in report.databases
        ),
        streams=tuple(stream_result(stream, folder_of(stream)) for stream in report.streams),
        findings=finding_results(set_findings(report)),
        throughput=ThroughputResult(
            report.bytes_read, round(report.seconds, 6), None if speed is None else round(speed, 1)
        ),
    )


def _may_write(path: Path) -> None:
    """Refuse what cannot be written before hours are spent, and what would overwrite a clone's file.

    Raises:
        BadInput: `input.cannot-write`.
    """
    if path.suffix.lower() != ".svg":
        raise BadInput("input.cannot-write", "A map is a file that ends in .svg.", subject=str(path))
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BadInput("input.cannot-write", "The map cannot be written there.", subject=str(path))


def _draw(path: Path, report: SetReport) -> None:
    drawn = [
        MappedDatabase(database.path, f"Pages: {pages_text(pages.counts)}", pages.counts.data, pages.marks)
        for database, _ in report.databases
        if (pages := database.pages) is not None
    ]
    try:
        path.write_text(map_svg(drawn), encoding="utf-8")
    except OSError as error:
        raise BadInput("input.cannot-write", f"The map {reason_of(error)}.", subject=str(path)) from None
