"""`quiesce ese header`: every field of one file's header, by the engine's own names for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.cli.ese_findings import finding_data, findings_lines, text_of
from orchestrator.cli.output import Answer
from orchestrator.errors import ExitStatus, VerificationError
from orchestrator.ese import flush_map
from orchestrator.ese.checkpoint import read_checkpoint
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.log_file import read_log_header
from orchestrator.model.verification import ContentFinding
from orchestrator.verify.content_kind import ContentKind, content_of
from orchestrator.verify.files import LocalFile

# Both copies of the header of a database with the largest pages; more than the whole of a checkpoint.
START_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class ShownHeader:
    """A header as people read it.

    Attributes:
        copies: how each copy of it is, by name.
        fields: by the engine's names, in the order of the file; empty if no copy is good.
    """

    kind: str
    copies: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    findings: tuple[ContentFinding, ...]


def header_answer(path: Path) -> Answer:
    """Return the header of a file; exit status 5 if no copy of it is good.

    Raises:
        VerificationError: `verify.cannot-read`, `verify.nothing-of-ours`.
    """
    source = LocalFile(path)
    try:
        start = bytearray(min(START_BYTES, source.size_bytes))
        del start[source.read(0, memoryview(start)) :]
    finally:
        source.close()
    content = content_of(bytes(start), path.name)
    if content.kind not in READ:
        what = f"it has no header of ESE: {content.because}"
        raise VerificationError("verify.nothing-of-ours", what, subject=str(path))
    shown = READ[content.kind](str(path), bytes(start))
    result = {
        "path": str(path),
        "size_bytes": source.size_bytes,
        "kind": shown.kind,
        "copies": dict(shown.copies),
        "fields": dict(shown.fields),
        "findings": [finding_data(finding) for finding in shown.findings],
    }
    status = ExitStatus.OK if shown.fields else ExitStatus.FAILED_VERIFICATION
    return Answer(result, _text(shown, str(path)), status)


def _database(name: str, start: bytes) -> ShownHeader:
    pair = read_header_pair(start, name)
    fields = () if pair.header is None else pair.header.fields
    return ShownHeader("database", _copies(pair.primary, pair.shadow), fields, pair.findings)


def _log(name: str, start: bytes) -> ShownHeader:
    header, findings = read_log_header(name, start[:4096])
    return ShownHeader("log", (), () if header is None else header.fields, findings)


def _checkpoint(name: str, start: bytes) -> ShownHeader:
    report = read_checkpoint(name, start)
    fields = () if report.position is None else report.fields
    return ShownHeader("checkpoint", _copies(report.primary, report.shadow), fields, report.findings)


def _flush_map(name: str, start: bytes) -> ShownHeader:
    head = start[: flush_map.PAGE_SIZE]
    report = flush_map.check_flush_map(name, head, None)
    good = content_of(head, "").kind is ContentKind.FLUSH_MAP
    fields = tuple((label, field.text(head)) for label, field in flush_map.LAYOUT.items())
    return ShownHeader("flush map", (), fields if good else (), report.findings)


def _copies(primary: str, shadow: str) -> tuple[tuple[str, str], ...]:
    return (("primary", primary), ("shadow", shadow))


READ: Final[dict[ContentKind, Callable[[str, bytes], ShownHeader]]] = {
    ContentKind.DATABASE: _database,
    ContentKind.STREAMING_FILE: _database,
    ContentKind.LOG: _log,
    ContentKind.CHECKPOINT: _checkpoint,
    ContentKind.FLUSH_MAP: _flush_map,
}


def _text(shown: ShownHeader, path: str) -> str:
    states = ", ".join(f"{name} copy {state}" for name, state in shown.copies)
    lines = [f"{path}: {shown.kind}{f' ({states})' if states else ''}"]
    width = max((len(name) for name, _ in shown.fields), default=0)
    lines += [f"  {name:<{width}}  {value}".rstrip() for name, value in shown.fields]
    return text_of([*lines, *findings_lines(shown.findings)])
