"""What is known of each file after it was looked at, and of all of them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from orchestrator.model.verification import ContentFinding, Verdict


class LogPosition(NamedTuple):
    """LGPOS. Its order is that of the log: generation, segment, byte."""

    generation: int = 0
    segment: int = 0
    byte: int = 0


NOWHERE: Final = LogPosition()


class Signature(NamedTuple):
    """SIGNATURE: which database or log stream this is. Compared byte for byte, all 28 of them."""

    raw: bytes

    @property
    def random(self) -> int:
        """The number that people compare."""
        return int.from_bytes(self.raw[:4], "little")

    @property
    def empty(self) -> bool:
        """None was recorded."""
        return not any(self.raw)


class DatabaseState(IntEnum):
    """dbstate of the header (DBFILEHDR)."""

    JUST_CREATED = 1
    DIRTY_SHUTDOWN = 2
    CLEAN_SHUTDOWN = 3
    BEING_CONVERTED = 4
    FORCE_DETACH = 5
    INCREMENTAL_RESEED_IN_PROGRESS = 6
    DIRTY_AND_PATCHED_SHUTDOWN = 7
    REVERT_IN_PROGRESS = 8


class FileType(IntEnum):
    """filetype, at byte 667 of every header."""

    UNKNOWN = 0
    DATABASE = 1
    STREAMING = 2
    LOG = 3
    CHECKPOINT = 4
    TEMPORARY_DATABASE = 5
    FLUSH_MAP = 7


class Copy(StrEnum):
    """How one of two copies of a header is."""

    GOOD = "good"
    BAD = "bad"
    DIFFERENT = "good, but different"


@dataclass(frozen=True, slots=True)
class DatabaseHeader:
    """What matters of DBFILEHDR, from the copy that counts. Times are raw bytes: never compared as times.

    Attributes:
        page_size: in bytes; 0 in the file means 4096.
        state: dbstate as it stands there, known or not (`DatabaseState`).
        file_type: filetype as it stands there; 0 in old files.
        streaming: attrib says that it is a streaming file (.stm).
        required: first and last generation that recovery needs; (0, 0) for none.
        committed: lGenMaxCommitted; `required[1]` where an old engine did not record it.
        fields: every field by the engine's name for it, decoded for people, in the order of the header.
    """

    page_size: int
    version: int
    update_major: int
    update_minor: int
    state: int
    file_type: int
    streaming: bool
    dbtime_dirtied: int
    sign_db: Signature
    sign_log: Signature
    sign_streaming: Signature
    sign_flush_map: Signature
    sign_db_flush: Signature
    consistent: LogPosition
    attached: LogPosition
    required: tuple[int, int]
    committed: int
    committed_created: bytes
    required_created: bytes
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderPair:
    """Both copies of a database header. `header` is None if neither is good; nothing else is known then."""

    header: DatabaseHeader | None
    primary: Copy
    shadow: Copy
    findings: tuple[ContentFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class PageCounts:
    """How many pages of which kind. Headers are not counted.

    Attributes:
        data: all pages after the two headers.
        new: good, in the format with ECC.
        old: good, in the format with XOR alone.
        blank: all zero.
        bad: beyond repair.
        correctable: one bit in a block is wrong, and it is known which.
        unchecked: in a temporary database, whose pages bear no checksums.
    """

    data: int = 0
    new: int = 0
    old: int = 0
    blank: int = 0
    bad: int = 0
    correctable: int = 0
    unchecked: int = 0

    def __add__(self, other: PageCounts) -> PageCounts:
        return PageCounts(
            self.data + other.data,
            self.new + other.new,
            self.old + other.old,
            self.blank + other.blank,
            self.bad + other.bad,
            self.correctable + other.correctable,
            self.unchecked + other.unchecked,
        )


@dataclass(frozen=True, slots=True)
class PagesReport:
    """What a run of pages holds. Reports of runs next to each other are added up.

    Attributes:
        highest_dbtime: and the page that has it: for information only, it proves nothing.
        findings: one a page that is not good; at most `FINDINGS_KEPT`, `findings_left_out` counts the others.
        marks: (first page, last page, "bad" or "correctable"), in order, neighbours joined: for the map.
    """

    counts: PageCounts = PageCounts()
    highest_dbtime: int = 0
    highest_dbtime_page: int = 0
    findings: tuple[ContentFinding, ...] = ()
    findings_left_out: int = 0
    marks: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """One database file.

    Attributes:
        path: as the reader names it.
        size_bytes: of the file.
        pages: None if they were not read.
        logical: what the walk through its trees found; None if it was not asked for.
        streaming_path: of its .stm, if it has one and it was found.
        streaming: the two copies of the header of that .stm; None if there is none.
        streaming_size_bytes: of that .stm.
    """

    path: str
    size_bytes: int
    pair: HeaderPair
    pages: PagesReport | None
    findings: tuple[ContentFinding, ...] = ()
    logical: tuple[ContentFinding, ...] | None = None
    streaming_path: str = ""
    streaming: HeaderPair | None = None
    streaming_size_bytes: int = 0


class BodyState(StrEnum):
    """How the body of a log is."""

    INTACT = "intact"
    PATCHABLE = "torn at its end, with a whole shadow"
    CORRECTABLE = "one bit wrong, and it is known which"
    DAMAGED = "damaged"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class LogHeader:
    """What matters of a log's header."""

    generation: int
    sector_size: int
    header_sectors: int
    file_sectors: int
    page_size: int
    created: bytes
    previous_created: bytes
    version: tuple[int, int, int, int]
    sign_log: Signature
    circular: bool
    checkpoint: LogPosition
    previous_checksum: int
    file_type: int
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LogReport:
    """One log file.

    Attributes:
        name: as the reader names it.
        header: None if its checksum is wrong.
        body: how its records are.
        segments: good ones (log version 8) or good LRCHECKSUM records (version 7).
        chain_checksum: over its good segments, to be compared with the next log's header; None in version 7.
        last_position: where its records end.
    """

    name: str
    size_bytes: int
    header: LogHeader | None
    body: BodyState
    segments: int = 0
    chain_checksum: int | None = None
    last_position: LogPosition = NOWHERE
    findings: tuple[ContentFinding, ...] = ()

    @property
    def intact(self) -> bool:
        """Recovery can replay it."""
        return self.header is not None and self.body in {
            BodyState.INTACT,
            BodyState.PATCHABLE,
            BodyState.CORRECTABLE,
        }


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """A checkpoint file. `position` is None if neither copy is good."""

    name: str
    primary: Copy
    shadow: Copy
    position: LogPosition | None
    sign_log: Signature
    fields: tuple[tuple[str, str], ...] = ()
    findings: tuple[ContentFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class FlushMapReport:
    """A flush map (.jfm): what is wrong with it costs time, never data."""

    name: str
    clean: bool
    pages: int
    findings: tuple[ContentFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamReport:
    """The logs of one stream: one base name, one signature.

    Attributes:
        base: "E00".
        sign_log: of the stream; that of most of its logs, if they differ.
        logs: numbered ones by generation, the current one last.
        current: the one without a number, None if there is none.
        checkpoint: None if there is none.
    """

    base: str
    sign_log: Signature
    logs: tuple[LogReport, ...]
    current: LogReport | None
    checkpoint: CheckpointReport | None
    findings: tuple[ContentFinding, ...] = ()

    def generation(self, number: int) -> LogReport | None:
        """Return the log of one generation."""
        return next((log for log in self.logs if log.header and log.header.generation == number), None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What may be done with one database and its logs.

    Attributes:
        findings: what the verdict rests on; those of the single files are not repeated.
        not_checked: in plain words, what was not looked at, and why.
    """

    verdict: Verdict
    findings: tuple[ContentFinding, ...] = ()
    not_checked: tuple[str, ...] = field(default=())
