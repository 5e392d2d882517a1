"""Whether the logs that a dirty database needs are there, whole, and follow upon each other.

What is wrong with logs that recovery does not read is a warning. Source: ESE ese/_log/logredo.cxx.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from orchestrator.ese import log_verdicts as verdicts
from orchestrator.ese.log_chain import by_generation, chain_finding, missing_ranges, names_of
from orchestrator.ese.log_needs import LogNeeds, Stretch
from orchestrator.ese.reports import BodyState, DatabaseHeader, LogReport, StreamReport
from orchestrator.ese.weighing import Weighed, worth_knowing


def logs_of(stream: StreamReport, header: DatabaseHeader) -> dict[int, LogReport]:
    """Return the logs of a stream by generation.

    A current log with a bad header is taken for the one behind the last number, or for the one that the
    database knows as the last: it is damaged, not missing.
    """
    logs = by_generation(stream.logs)
    if stream.current is not None and stream.current.header is None:
        logs[max(logs) + 1 if logs else header.committed] = stream.current
    return logs


def log_rules(
    path: str, header: DatabaseHeader, stream: StreamReport, logs: Mapping[int, LogReport]
) -> Iterator[Weighed]:
    """Judge the logs of a dirty database, stretch by stretch.

    Args:
        path: of the database.
        header: its; it asks for logs.
        stream: that it belongs to.
        logs: of the stream, by generation; at least one.
    """
    needs = LogNeeds(header)
    reasons = {number: why for number, log in logs.items() if (why := _unusable(number, log, header))}
    for stretch, first, last in _stretches(needs, logs):
        gaps = [_names(stream, logs, *gap) for gap in missing_ranges(first, last, logs)]
        if gaps:
            yield verdicts.missing(stretch, path, gaps)
        if bad := [why for number, why in reasons.items() if first <= number <= last]:
            yield verdicts.unusable(stretch, path, bad)
        if broken := _breaks(first, last, logs, reasons):
            yield verdicts.unusable(stretch, path, broken)
    read = [log for number, log in logs.items() if needs.stretch_of(number) is not Stretch.OLDER]
    if wrong := [log.name for log in read if log.body is BodyState.CORRECTABLE]:
        yield verdicts.correctable(path, wrong)
    if unknown := [log.name for log in read if log.header and log.body is BodyState.NOT_CHECKED]:
        yield verdicts.not_checked(path, unknown)
    yield from _checkpoint_rule(path, needs, stream)


def _names(stream: StreamReport, logs: Mapping[int, LogReport], first: int, last: int) -> str:
    """Name logs that are missing. The last of a stream has its number only once it is full."""
    names = names_of(stream.base, first, last, stream.logs)
    at_the_end = stream.current is None and last > max(logs)
    return f"{names} (as {stream.base}.log, if it was still being written)" if at_the_end else names


def _stretches(needs: LogNeeds, logs: Mapping[int, LogReport]) -> Iterator[tuple[Stretch, int, int]]:
    yield Stretch.REQUIRED, needs.first, needs.last
    yield Stretch.COMMITTED, needs.last + 1, needs.committed
    yield Stretch.LATER, needs.committed + 1, max(logs)
    yield Stretch.OLDER, min(logs), needs.first - 1


def _unusable(number: int, log: LogReport, header: DatabaseHeader) -> str | None:
    """Return why recovery cannot read a log as the one that it should be."""
    if log.header is None:
        return f"the header of {log.name} cannot be used"
    if log.header.generation != number:
        return f"{log.name} is log 0x{log.header.generation:X} by its header"
    if log.header.sign_log != header.sign_log:
        return f"{log.name} belongs to another stream"
    return f"{log.name} is damaged" if log.body is BodyState.DAMAGED else None


def _breaks(first: int, last: int, logs: Mapping[int, LogReport], unusable: Mapping[int, str]) -> list[str]:
    """Return where a log of a stretch is not the one that its successor was written after."""
    found = []
    whole = [(number, log) for number, log in logs.items() if number not in unusable]
    for (number, older), (following, newer) in pairwise(whole):
        if first <= number <= last and following == number + 1 and (finding := chain_finding(older, newer)):
            found.append(finding.text.rstrip("."))
    return found


def _checkpoint_rule(path: str, needs: LogNeeds, stream: StreamReport) -> Iterator[Weighed]:
    """A checkpoint lies before all that a database of its stream still needs."""
    checkpoint = stream.checkpoint
    if checkpoint is None or checkpoint.position is None or checkpoint.sign_log != stream.sign_log:
        return
    if checkpoint.position.generation > needs.first:
        text = (
            f"{checkpoint.name} points into log 0x{checkpoint.position.generation:X}, but {path} needs "
            f"the logs from 0x{needs.first:X} on: it is younger than the database."
        )
        yield worth_knowing("ese.checkpoint-beyond-required", path, text)
