"""What `quiesce ese check --json` answers. Its published schema is made from these classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrator.model.verification import Severity, Verdict

SCHEMA: Final = "quiesce.ese-check/1"


@dataclass(frozen=True, slots=True)
class PlaceResult:
    """Where something was found.

    Attributes:
        file: the file.
        unit: what is counted in it: page, header, segment, record; empty for the whole file.
        number: which of them: a page number, or the index of a segment; null for the whole file.
        byte: offset in the file; null where no single byte can be named.
    """

    file: str
    unit: str
    number: int | None
    byte: int | None


@dataclass(frozen=True, slots=True)
class FindingResult:
    """One thing found.

    Attributes:
        code: as `quiesce errors` explains it.
        severity: error, warning or info; only errors stand against the files.
        place: where.
        text: one sentence.
        ese_error: the number that the engine has for it (-1018 and the like), or null.
        remedy: what to do next.
    """

    code: str
    severity: Severity
    place: PlaceResult
    text: str
    ese_error: int | None
    remedy: str


@dataclass(frozen=True, slots=True)
class PagesResult:
    """Pages of a database by what they are; its two headers are not counted.

    Attributes:
        data: all of them.
        new: good, with the checksum that can also correct (XOR and ECC).
        old: good, with the checksum of Exchange 2003 and before (XOR).
        blank: all zero: never used, or given back.
        bad: beyond repair.
        correctable: one bit in a block is wrong, and it is known which; nothing was changed.
        unchecked: in a temporary database, whose pages bear no checksums.
        highest_dbtime: the highest time stamp of a page; for information, it proves nothing.
        highest_dbtime_page: the page that has it.
    """

    data: int
    new: int
    old: int
    blank: int
    bad: int
    correctable: int
    unchecked: int
    highest_dbtime: int
    highest_dbtime_page: int


@dataclass(frozen=True, slots=True)
class MarkResult:
    """A run of pages that are not good.

    Attributes:
        first: its first page.
        last: its last page.
        kind: bad or correctable.
    """

    first: int
    last: int
    kind: str


@dataclass(frozen=True, slots=True)
class DatabaseResult:
    """One database.

    Attributes:
        path: the file.
        verdict: of this database and the logs that it needs.
        summary: the verdict as a sentence.
        size_bytes: of the file.
        page_size: in bytes; null if neither copy of the header is good.
        version: of the format: version, update, minor update; null likewise.
        state: as the engine names it (DirtyShutdown ...); null likewise.
        header: how the first copy of the header is.
        shadow_header: how the second copy is.
        pages: null if they were not read.
        marks: runs of pages that are not good, the first thousand.
        marks_left_out: how many more runs there are.
        required: first and last log that recovery needs; zeros for none; null without a header.
        committed: last log with transactions that were acknowledged; null without a header.
        stream: base name of its logs; null if none were found.
        findings: about the file and the verdict.
        findings_left_out: how many pages more are not good.
        not_checked: what was not looked at, and why.
    """

    path: str
    verdict: Verdict
    summary: str
    size_bytes: int
    page_size: int | None
    version: tuple[int, int, int] | None
    state: str | None
    header: str
    shadow_header: str
    pages: PagesResult | None
    marks: tuple[MarkResult, ...]
    marks_left_out: int
    required: tuple[int, int] | None
    committed: int | None
    stream: str | None
    findings: tuple[FindingResult, ...]
    findings_left_out: int
    not_checked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GenerationsResult:
    """Which logs of a stream there are.

    Attributes:
        first: lowest generation; null if none is readable.
        last: highest generation; null likewise.
        current: generation of the log without a number; null if it is not there or not readable.
        missing: generations between first and last that are not there, the first thousand.
    """

    first: int | None
    last: int | None
    current: int | None
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StreamResult:
    """The logs of one stream.

    Attributes:
        base: its name, E00 for example.
        folder: where they lie.
        logs: how many log files there are.
        generations: which.
        checkpoint: generation, segment and byte of the checkpoint; null if there is none that counts.
        findings: about its files and how they hang together.
    """

    base: str
    folder: str
    logs: int
    generations: GenerationsResult
    checkpoint: tuple[int, int, int] | None
    findings: tuple[FindingResult, ...]


@dataclass(frozen=True, slots=True)
class ThroughputResult:
    """How fast it went.

    Attributes:
        bytes: that were read.
        seconds: that it took.
        bytes_per_s: the one by the other; null if it was too short to say.
    """

    bytes: int
    seconds: float
    bytes_per_s: float | None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The answer.

    Attributes:
        verdict: the worst of all databases; of logs alone, theirs.
        databases: all that were found.
        streams: all that were found.
        findings: what belongs to no single database or stream.
        throughput: how fast it went.
    """

    verdict: Verdict
    databases: tuple[DatabaseResult, ...]
    streams: tuple[StreamResult, ...]
    findings: tuple[FindingResult, ...]
    throughput: ThroughputResult
