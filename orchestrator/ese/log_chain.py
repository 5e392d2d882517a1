"""Which log follows which: by number, by creation time, and by a checksum over the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from orchestrator.ese.log_names import LogKind, LogName, log_file_name, parse_name
from orchestrator.ese.reports import LogReport
from orchestrator.model.verification import ContentFinding, Place, Severity

JET_INVALID_LOG_SEQUENCE: Final = -515
JET_LOG_SEQUENCE_CHECKSUM_MISMATCH: Final = -590


def generation_of(log: LogReport) -> int | None:
    """Return the generation under which recovery opens a log: by its name, the current one by its header."""
    name = parse_name(log.name)
    if name is not None and name.generation is not None:
        return name.generation
    return log.header.generation if log.header else None


def kind_of(log: LogReport) -> LogKind | None:
    """Return what a log is, by its name."""
    name: LogName | None = parse_name(log.name)
    return name.kind if name else None


def by_generation(logs: Iterable[LogReport]) -> dict[int, LogReport]:
    """Return the logs of a stream by generation, in rising order; of two for one, the first counts."""
    found: dict[int, LogReport] = {}
    for log in logs:
        generation = generation_of(log)
        if generation is not None:
            found.setdefault(generation, log)
    return dict(sorted(found.items()))


def missing_ranges(first: int, last: int, present: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Return the gaps between the first and the last that there should be. The range may be huge.

    Args:
        first: that should be there.
        last: that should be there.
        present: those that are, in rising order.
    """
    expected = first
    for number in present:
        if number > last:
            break
        if number > expected:
            yield expected, number - 1
        expected = max(expected, number + 1)
    if expected <= last:
        yield expected, last


def names_of(base: str, first: int, last: int, logs: Sequence[LogReport]) -> str:
    """Return the file names of a range of numbered logs, as their neighbours are named."""
    like = next((log.name for log in logs if kind_of(log) is LogKind.NUMBERED), "")
    names = [log_file_name(base, generation, like) for generation in (first, last)]
    if first == last:
        return names[0]
    return f"{names[0]} to {names[1]} ({last - first + 1:,} logs)"


def chain_finding(older: LogReport, newer: LogReport) -> ContentFinding | None:
    """Compare two logs of which one follows the other by number; None if it really does.

    Creation times are compared as raw bytes and only for being the same: healthy streams step back by hours
    when local time does. The checksum is 0 where an engine did not record it.
    """
    if older.header is None or newer.header is None:
        return None
    place = Place(newer.name, "header")
    if newer.header.previous_created != older.header.created:
        text = f"{newer.name} was made after another log than {older.name}: the creation times differ."
        return ContentFinding(
            "ese.log-sequence-broken", Severity.ERROR, place, text, JET_INVALID_LOG_SEQUENCE
        )
    recorded = newer.header.previous_checksum
    if recorded and older.chain_checksum is not None and recorded != older.chain_checksum:
        text = (
            f"{older.name} does not hold what it held when {newer.name} was begun: the checksum over its "
            f"segments is 0x{older.chain_checksum:016X}, it was 0x{recorded:016X}."
        )
        return ContentFinding(
            "ese.log-chain-broken", Severity.ERROR, place, text, JET_LOG_SEQUENCE_CHECKSUM_MISMATCH
        )
    return None
