"""Finds the databases, logs, checkpoints and flush maps below a folder, and which of them belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from orchestrator.errors import VerificationError
from orchestrator.ese.database_header import START_SIZE, read_header_pair
from orchestrator.ese.log_file import read_log_header
from orchestrator.ese.log_layout import HEADER_SIZE
from orchestrator.ese.log_names import LogKind, LogName, parse_name
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.reports import LogHeader, Signature
from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import SourceEntry, SourceFolder
from orchestrator.verify.found import FoundDatabase, FoundLog, FoundStream, SetContents, SourceFile
from orchestrator.verify.source_parts import read_part
from orchestrator.verify.stream_grouping import signature_of, streams_of

# More than any server has; a damaged directory that leads into itself ends here.
MAX_DEPTH: Final = 16
MAX_FILES: Final = 100_000

# Databases by name, even if nothing in them can be read. Other files are databases if their headers say so.
DATABASE_ENDINGS: Final = (".edb", ".dit")
# Databases of Windows that are not called so: looked at even if the first header is damaged.
MAYBE_ENDINGS: Final = (".dat", ".mdb", ".db", ".sdb", ".jet")
STREAMING_ENDING: Final = ".stm"
FLUSH_MAP_ENDING: Final = ".jfm"
# ulDAEMagic of DBFILEHDR, at byte 4 of either header page.
MAGIC: Final = bytes.fromhex("EFCDAB89")
SMALLEST_BYTES: Final = 2 * PAGE_SIZES[0]


def discover(
    folder: SourceFolder, control: Control, start: str = "", *, known: Collection[Signature] = ()
) -> SetContents:
    """Look through a folder and all below it.

    Args:
        folder: where to look.
        control: asked before each request.
        start: where in the folder to begin.
        known: log signatures of databases that lie elsewhere.

    Raises:
        VerificationStopped: the control said so.
        VerificationError: `verify.cannot-read`; the first folder cannot be read.
    """
    walk = _Walk(folder, control)
    files = [file_of(folder, entry) for entry in walk.entries(start)]
    contents = sort_out(files, control, known=known)
    return replace(
        contents,
        streams=tuple(each for each in contents.streams if _plausible(each)),
        findings=(*walk.findings, *contents.findings),
        complete=not walk.findings,
    )


def _plausible(stream: FoundStream) -> bool:
    """Any "abc.log" could be a current log by its name: something more must speak for it."""
    more = any(log.header or log.name.kind is LogKind.NUMBERED for log in stream.logs)
    return more or stream.checkpoint is not None


def with_logs_from(logs: SourceFolder, contents: SetContents, control: Control) -> SetContents:
    """Return a set with the logs of another folder in place of its own.

    Raises:
        VerificationError: `verify.cannot-read`; the folder cannot be read.
    """
    signatures = [each.header.sign_log for each in contents.databases if each.header]
    other = discover(logs, control, known=signatures)
    return replace(
        contents,
        streams=other.streams,
        findings=(*contents.findings, *other.findings),
        complete=contents.complete and other.complete,
    )


def sort_out(
    files: Iterable[SourceFile], control: Control, *, known: Collection[Signature] = ()
) -> SetContents:
    """Tell what each of some files is, and group the logs. Files that are nothing of ours are left out."""
    sorter = _Sorter(control)
    for file in files:
        sorter.add(file)
    return sorter.contents(known)


def file_of(folder: SourceFolder, entry: SourceEntry) -> SourceFile:
    """Return a file of a folder, under its path in it."""
    return SourceFile(folder, entry, f"{folder.name.rstrip('/')}/{entry.path}")


@dataclass(slots=True)
class _Sorter:
    control: Control
    databases: list[FoundDatabase] = field(default_factory=list)
    logs: dict[StreamKey, list[FoundLog]] = field(default_factory=lambda: defaultdict(list))
    checkpoints: dict[StreamKey, SourceFile] = field(default_factory=dict)
    streaming: dict[str, SourceFile] = field(default_factory=dict)
    flush_maps: dict[str, SourceFile] = field(default_factory=dict)
    findings: list[ContentFinding] = field(default_factory=list)

    def add(self, file: SourceFile) -> None:
        name, lower = parse_name(file.entry.name), file.entry.name.lower()
        if lower.endswith(STREAMING_ENDING):
            self.streaming[_stem(file)] = file
        elif lower.endswith(FLUSH_MAP_ENDING):
            self.flush_maps[_stem(file)] = file
        elif name is None:
            self._add_database(file, lower.endswith(DATABASE_ENDINGS))
        elif name.kind is LogKind.CHECKPOINT:
            self.checkpoints[_stream_key(file, name)] = file
        elif name.in_stream:
            self.logs[_stream_key(file, name)].append(FoundLog(file, name, self._log_header(file)))

    def contents(self, signatures: Collection[Signature]) -> SetContents:
        databases = [self._with_companions(each) for each in self.databases]
        databases += [
            FoundDatabase(file, None) for file in self.streaming.values()
        ]  # those without a database
        known = {*signatures, *(each.header.sign_log for each in databases if each.header)}
        streams = [stream for key, logs in self.logs.items() for stream in self._streams(key, logs, known)]
        return SetContents(tuple(databases), tuple(streams), tuple(self.findings))

    def _add_database(self, file: SourceFile, by_name: bool) -> None:
        if not by_name and file.entry.size_bytes < SMALLEST_BYTES:
            return
        try:
            start = self._start(file, START_SIZE if by_name else len(MAGIC) + 4)
            if not by_name:
                if start[4:8] != MAGIC and not file.entry.name.lower().endswith(MAYBE_ENDINGS):
                    return
                start = self._start(file, START_SIZE)
        except VerificationError as cause:
            if by_name:  # its check says so again, and that it stands against the set
                self.databases.append(FoundDatabase(file, None))
            else:
                self.findings.append(not_read(cause))
            return
        header = read_header_pair(start, file.shown).header
        if header or by_name or start[4:8] == MAGIC:
            self.databases.append(FoundDatabase(file, header))

    def _log_header(self, file: SourceFile) -> LogHeader | None:
        try:
            return read_log_header(file.shown, self._start(file, HEADER_SIZE))[0]
        except VerificationError:
            return None  # its check says so

    def _start(self, file: SourceFile, length: int) -> bytes:
        with closing(file.open()) as source:
            return read_part(source, self.control, 0, length)

    def _with_companions(self, database: FoundDatabase) -> FoundDatabase:
        stem = _stem(database.file)
        return replace(
            database, streaming=self.streaming.pop(stem, None), flush_map=self.flush_maps.get(stem)
        )

    def _streams(
        self, key: StreamKey, logs: list[FoundLog], known: Collection[Signature]
    ) -> Iterator[FoundStream]:
        checkpoint = self.checkpoints.get(key)
        for stream in streams_of(logs, known):
            writing = any(log.name.kind is LogKind.CURRENT for log in stream)
            yield FoundStream(key.base, signature_of(stream), tuple(stream), checkpoint if writing else None)


class StreamKey(NamedTuple):
    """Where logs of one stream lie together; a reader is told from another by its identity."""

    reader: int
    folder: str
    base: str


class _Walk:
    """All files below a folder, nearest first, until there are too many."""

    def __init__(self, folder: SourceFolder, control: Control) -> None:
        self.folder, self.control = folder, control
        self.findings: list[ContentFinding] = []

    def entries(self, start: str) -> Iterator[SourceEntry]:
        level, count = [start], 0
        for depth in range(MAX_DEPTH + 1):
            below: list[str] = []
            for path in level:
                self.control.take(0)
                for entry in self._files(path, depth):
                    count += 1
                    if count > MAX_FILES:
                        self._more(
                            f"There are more than {MAX_FILES:,} files: only these were looked through."
                        )
                        return
                    yield entry
                below += self._folders(path)
            level = below
            if not level:
                return
        self._more(f"Folders deeper than {MAX_DEPTH} levels were not looked through.")

    def _files(self, path: str, depth: int) -> Iterator[SourceEntry]:
        try:
            yield from self.folder.files(path)
        except VerificationError as cause:
            if depth == 0:
                raise
            self.findings.append(not_read(cause))

    def _folders(self, path: str) -> list[str]:
        try:
            return [each for each in self.folder.folders(path) if not _of_the_system(each)]
        except VerificationError as cause:
            self.findings.append(not_read(cause))
            return []

    def _more(self, text: str) -> None:
        place = Place(self.folder.name)
        self.findings.append(ContentFinding("verify.too-many-files", Severity.WARNING, place, text))


def not_read(cause: VerificationError, severity: Severity = Severity.WARNING) -> ContentFinding:
    """Return the finding for what could not be read."""
    text = cause.what[:1].upper() + cause.what[1:] + "."
    return ContentFinding("verify.cannot-read", severity, Place(cause.subject), text)


def _of_the_system(path: str) -> bool:
    """The recycle bin and NTFS's own folders hold no live database."""
    return path.rpartition("/")[2].startswith("$")


def _stem(file: SourceFile) -> str:
    return f"{id(file.folder)}/{file.entry.path.rpartition('.')[0].lower()}"


def _stream_key(file: SourceFile, name: LogName) -> StreamKey:
    return StreamKey(id(file.folder), file.parent, name.base)
