"""Checks how the logs of one stream fit together. What that means for a database, `verdict` says.

Rules and their order: ESE ese/_log/logdump.cxx.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from orchestrator.ese.log_chain import (
    by_generation,
    chain_finding,
    generation_of,
    kind_of,
    missing_ranges,
    names_of,
)
from orchestrator.ese.log_names import LogKind
from orchestrator.ese.reports import CheckpointReport, LogReport, Signature, StreamReport
from orchestrator.ese.stream_findings import (
    checkpoint_findings,
    circular_finding,
    current_findings,
    gap,
    no_logs,
    other_generation,
    other_signature,
    twice,
    version_step,
)
from orchestrator.model.verification import ContentFinding

NO_SIGNATURE: Final = Signature(bytes(28))


def check_stream(
    base: str, logs: Sequence[LogReport], checkpoint: CheckpointReport | None = None
) -> StreamReport:
    """Put the logs of one stream in order, and compare each with the one before it.

    Logs that recovery does not read, by their names (the next one being prepared, the reserve), are left out.

    Args:
        base: the stream's name, three characters.
        logs: of this stream, in any order.
        checkpoint: of this stream, if there is one.
    """
    numbered = [log for log in logs if kind_of(log) is LogKind.NUMBERED]
    numbered.sort(key=lambda log: (generation_of(log) or 0, log.name))
    current = next((log for log in logs if kind_of(log) is LogKind.CURRENT), None)
    ordered = (*numbered, current) if current else tuple(numbered)
    sign_log = _signature(ordered)
    found = [
        *_single_findings(ordered, sign_log),
        *_gaps(base, numbered),
        *_pair_findings(ordered, sign_log),
        *current_findings(base, numbered, current),
        *circular_finding(ordered),
        *checkpoint_findings(base, ordered, sign_log, checkpoint),
    ]
    if not ordered:
        found.insert(0, no_logs(base))
    return StreamReport(base, sign_log, ordered, current, checkpoint, tuple(found))


def _signature(logs: Sequence[LogReport]) -> Signature:
    """Return the signature of most of them; of the youngest, if it is a draw."""
    counts = Counter(log.header.sign_log for log in reversed(logs) if log.header)
    return counts.most_common(1)[0][0] if counts else NO_SIGNATURE


def _single_findings(logs: Sequence[LogReport], sign_log: Signature) -> Iterator[ContentFinding]:
    before: int | None = None
    for log in logs:
        generation = generation_of(log)
        if log.header is not None:
            if generation != log.header.generation:
                yield other_generation(log, log.header)
            if log.header.sign_log != sign_log:
                yield other_signature(log, log.header, sign_log)
        if generation is not None and generation == before and kind_of(log) is LogKind.NUMBERED:
            yield twice(log, generation)
        before = generation


def _gaps(base: str, numbered: Sequence[LogReport]) -> Iterator[ContentFinding]:
    present = list(by_generation(numbered))
    if present:
        for first, last in missing_ranges(present[0], present[-1], present):
            yield gap(base, names_of(base, first, last, numbered))


def _pair_findings(logs: Sequence[LogReport], sign_log: Signature) -> Iterator[ContentFinding]:
    """A log of another stream, or of another number, is reported as such, not as a break in this one."""
    for (number, older), (following, newer) in pairwise(by_generation(logs).items()):
        if following != number + 1 or older.header is None or newer.header is None:
            continue
        if (older.header.generation, newer.header.generation) != (number, following):
            continue
        if older.header.sign_log == newer.header.sign_log == sign_log:
            finding = chain_finding(older, newer)
            if finding:
                yield finding
            if newer.header.version < older.header.version:
                yield version_step(older, newer)
