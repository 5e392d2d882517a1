"""`quiesce ese logs`: each log of a folder, and how they follow upon each other."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from orchestrator.cli.ese_data import stream_findings, stream_result
from orchestrator.cli.ese_findings import finding_data, findings_lines, text_of
from orchestrator.cli.ese_progress import stoppable
from orchestrator.cli.ese_streams import folder_of, log_lines, stream_heading
from orchestrator.cli.output import Answer, Manner
from orchestrator.errors import ExitStatus
from orchestrator.ese.reports import LogReport, StreamReport
from orchestrator.verify.opening import open_path
from orchestrator.verify.set_check import check_set
from orchestrator.verify.set_report import SetReport
from orchestrator.verify.throttle import Unthrottled


def logs_answer(path: Path, manner: Manner) -> Answer:
    """Check the logs of a folder or volume, and of the folders below; or the stream of one log.

    Raises:
        VerificationError: `verify.cannot-read`, `verify.nothing-of-ours`.
        VerificationStopped: by Ctrl-C.
    """
    with stoppable(manner.shows_progress) as (stop, watch), closing(open_path(path)) as opened:
        control = Unthrottled(stop, watch)
        report = check_set(replace(opened.contents(control), databases=()), control)
    result = {
        "verdict": report.verdict,
        "streams": [_data(stream) for stream in report.streams],
        "findings": [finding_data(finding) for finding in report.findings],
    }
    status = ExitStatus.OK if report.verdict.passed else ExitStatus.FAILED_VERIFICATION
    return Answer(result, _text(report), status)


def _data(stream: StreamReport) -> dict[str, Any]:
    return asdict(stream_result(stream, folder_of(stream))) | {"logs": [_log(log) for log in stream.logs]}


def _log(log: LogReport) -> dict[str, Any]:
    return {
        "name": log.name,
        "size_bytes": log.size_bytes,
        "generation": None if log.header is None else log.header.generation,
        "state": log.body,
        "segments": log.segments,
        "circular": None if log.header is None else log.header.circular,
    }


GOOD: Final = "each log is whole, and follows upon the one before"


def _sentence(report: SetReport) -> str:
    if not report.streams:
        return "no log was found"
    return GOOD if report.verdict.passed else "see below what speaks against them"


def _text(report: SetReport) -> str:
    lines = [f"{report.verdict}: {_sentence(report)}"]
    for stream in report.streams:
        findings = findings_lines(stream_findings(stream), f"{folder_of(stream)}/")
        lines += [stream_heading(stream), *log_lines(stream), *findings]
    return text_of([*lines, *findings_lines(report.findings)])
