"""What can be wrong with the segments of a log, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from orchestrator.ese.log_body import JET_LOG_FILE_CORRUPT
from orchestrator.ese.log_layout import SEGMENT_SIZE
from orchestrator.model.verification import ContentFinding, Place, Severity

# Findings of one kind that are kept: a log in foreign bytes has thousands of bad segments.
KEPT: Final = 16


def damaged(name: str, indices: Iterable[int]) -> Iterator[ContentFinding]:
    """Segments without any right checksum; neighbours are named together."""
    runs = list(_runs(indices))
    for first, last in runs[:KEPT]:
        which = f"Segment {first}" if first == last else f"Segments {first} to {last}"
        text = f"{which} of {name} cannot be used: no checksum fits."
        yield ContentFinding(
            "ese.log-segment-bad", Severity.ERROR, _place(name, first), text, JET_LOG_FILE_CORRUPT
        )
    if len(runs) > KEPT:
        text = f"{name} has {len(runs) - KEPT} more places with segments that cannot be used."
        yield ContentFinding("ese.log-segment-bad", Severity.ERROR, Place(name), text, JET_LOG_FILE_CORRUPT)


def misplaced(name: str, index: int, why: str) -> ContentFinding:
    """A whole segment in a place where the engine would not have written it."""
    text = f"Segment {index} of {name} {why}."
    return ContentFinding(
        "ese.log-segment-misplaced", Severity.ERROR, _place(name, index), text, JET_LOG_FILE_CORRUPT
    )


def wrong_bit(name: str, index: int, bit: int) -> ContentFinding:
    """A segment whose checksum tells which one of its bits has changed."""
    text = f"Bit {bit} of segment {index} of {name} is wrong; the engine would mend it."
    return ContentFinding("ese.log-wrong-bit", Severity.ERROR, _place(name, index), text)


def torn(name: str, index: int) -> ContentFinding:
    """The last segment was not written to its end, and the engine has a copy of it."""
    text = f"Segment {index} of {name}, its last, is torn; its shadow is whole and will be used."
    return ContentFinding("ese.log-torn-end", Severity.WARNING, _place(name, index), text)


def _place(name: str, index: int) -> Place:
    return Place(name, "segment", index, index * SEGMENT_SIZE)


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join neighbours: first and last of each run."""
    run: tuple[int, int] | None = None
    for number in numbers:
        if run and number == run[1] + 1:
            run = (run[0], number)
            continue
        if run:
            yield run
        run = (number, number)
    if run:
        yield run
