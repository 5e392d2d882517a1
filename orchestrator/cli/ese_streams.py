"""Log streams as people read them: each log with its place in the chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.cli.ese_data import missing_between
from orchestrator.cli.ese_words import generations
from orchestrator.ese.header_fields import position_text
from orchestrator.ese.reports import CheckpointReport, LogReport, StreamReport
from orchestrator.model.verification import Severity


def stream_heading(stream: StreamReport) -> str:
    """Return one line on a stream: where it lies, which logs there are, and which are not."""
    there = [log.header.generation for log in stream.logs if log.header is not None]
    found = generations(min(there), max(there)) if there else "no readable log"
    missing = missing_between(there)
    gaps = f"; missing: {', '.join(f'0x{one:X}' for one in missing[:5])}" if missing else ""
    more = " and more" if len(missing) > 5 else ""
    current = "" if stream.current is not None else "; no current log"
    return f"stream {stream.base} in {folder_of(stream)}: {found}{gaps}{more}{current}"


def log_lines(stream: StreamReport) -> Iterator[str]:
    """Yield a line a log, then the checkpoint."""
    wrong = {each.place.file for each in stream.findings if each.severity is Severity.ERROR}
    for before, log in zip((None, *stream.logs), stream.logs, strict=False):
        yield f"  {_log(log, _link(before, log, wrong))}"
    if stream.checkpoint is not None:
        yield f"  {_checkpoint(stream.checkpoint)}"


def folder_of(stream: StreamReport) -> str:
    """Return where the logs of a stream lie."""
    names: Sequence[str] = [log.name for log in stream.logs]
    return names[0].rpartition("/")[0] if names else ""


def _log(log: LogReport, link: str) -> str:
    generation = "unreadable" if log.header is None else f"0x{log.header.generation:08X}"
    records = f"{log.segments:,} good {'records' if log.chain_checksum is None else 'segments'}"
    circular = ", circular logging" if log.header is not None and log.header.circular else ""
    return f"{generation:<10}  {log.name.rpartition('/')[2]:<15}  {log.body}, {records}, {link}{circular}"


def _link(before: LogReport | None, log: LogReport, wrong: set[str]) -> str:
    if log.name in wrong:
        return "DOES NOT FOLLOW: see below"
    if before is None:
        return "first"
    if before.header and log.header and log.header.generation != before.header.generation + 1:
        return "after a gap"
    return "follows"


def _checkpoint(checkpoint: CheckpointReport) -> str:
    at = checkpoint.position
    where = "neither copy is good" if at is None else f"at {position_text(at)}"
    return f"checkpoint  {checkpoint.name.rpartition('/')[2]}  {where}"
