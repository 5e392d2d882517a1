"""What a watchdog and the orchestrator say to each other: one JSON object a line, over a pair of sockets.

Requests are numbered; each has one answer, in any order. Only the standard library and our own records are
imported here: the process has to be small and up at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from orchestrator.hosts.watchdog.hold import HoldFailed
from orchestrator.model.hosts import FreezeReport, HoldEnd, ReleaseReport
from orchestrator.model.time import Reading

# The survey of a guest with hundreds of disks comes in one line.
LONGEST_LINE_BYTES: Final = 16 << 20


class Op(StrEnum):
    """What can be asked."""

    MAKE = "make"
    PREPARE = "prepare"
    ASK = "ask"
    FREEZE = "freeze"
    THAW = "thaw"
    END = "end"


@dataclass(frozen=True, slots=True)
class Request:
    """A numbered request."""

    number: int
    op: Op
    arguments: Mapping[str, Any]


def request_line(request: Request) -> bytes:
    """Return a request as it is sent."""
    return _line({"number": request.number, "op": request.op, "arguments": dict(request.arguments)})


def answer_line(number: int, result: Mapping[str, Any]) -> bytes:
    """Return an answer as it is sent."""
    return _line({"number": number, "result": dict(result)})


def problem_line(number: int, failure: HoldFailed) -> bytes:
    """Return a failure as it is sent."""
    problem = {"code": failure.code, "what": failure.what, "subject": failure.subject}
    return _line({"number": number, "problem": problem})


def read_request(line: bytes) -> Request:
    """Read a request.

    Raises:
        ValueError: it is none.
    """
    said = json.loads(line)
    return Request(int(said["number"]), Op(said["op"]), said["arguments"])


def reading() -> Reading:
    """Read both clocks of this machine."""
    return Reading(datetime.now(UTC), time.monotonic())


def freeze_answer(report: FreezeReport) -> Mapping[str, Any]:
    """Return a report of a freeze as JSON can carry it."""
    return {
        "frozen_at": _said(report.frozen_at),
        "held_at": _said(report.held_at),
        "file_systems": report.file_systems,
    }


def freeze_report(said: Mapping[str, Any]) -> FreezeReport:
    """Read a report of a freeze."""
    return FreezeReport((), _reading(said["frozen_at"]), _reading(said["held_at"]), int(said["file_systems"]))


def release_answer(report: ReleaseReport) -> Mapping[str, Any]:
    """Return a report of a release as JSON can carry it."""
    return {
        "hold_ended_by": report.hold_ended_by,
        "hold_s": report.hold_s,
        "frozen_s": report.frozen_s,
        "released_at": _said(report.released_at),
        "thawed_at": _said(report.thawed_at),
        "file_systems": report.file_systems,
    }


def release_report(said: Mapping[str, Any]) -> ReleaseReport:
    """Read a report of a release."""
    count = said["file_systems"]
    return ReleaseReport(
        hold_ended_by=HoldEnd(said["hold_ended_by"]),
        hold_s=float(said["hold_s"]),
        frozen_s=float(said["frozen_s"]),
        set_status=0,
        released_at=_reading(said["released_at"]),
        thawed_at=_reading(said["thawed_at"]),
        file_systems=None if count is None else int(count),
    )


def _said(at: Reading) -> Mapping[str, Any]:
    return {"wall": at.wall.isoformat(), "monotonic_s": at.monotonic_s}


def _reading(said: Mapping[str, Any]) -> Reading:
    return Reading(datetime.fromisoformat(said["wall"]), float(said["monotonic_s"]))


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
