"""What can be wrong with a stream of logs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from orchestrator.ese.log_chain import generation_of, names_of
from orchestrator.ese.reports import CheckpointReport, LogHeader, LogReport, Signature
from orchestrator.model.verification import ContentFinding, Place, Severity

JET_LOG_GENERATION_MISMATCH: Final = -513
JET_INVALID_LOG_SEQUENCE: Final = -515
JET_MISSING_LOG_FILE: Final = -528
JET_BAD_LOG_SIGNATURE: Final = -530
JET_BAD_CHECKPOINT_SIGNATURE: Final = -532
JET_CHECKPOINT_FILE_NOT_FOUND: Final = -542


def other_generation(log: LogReport, header: LogHeader) -> ContentFinding:
    """A log that was renamed, or lies in the place of another."""
    text = f"{log.name} is log 0x{header.generation:X} by its header: its name says another one."
    return _error("ese.log-generation-mismatch", Place(log.name, "header"), text, JET_LOG_GENERATION_MISMATCH)


def other_signature(log: LogReport, header: LogHeader, sign_log: Signature) -> ContentFinding:
    """A log of another stream: of another storage group, or of an earlier life of this one."""
    text = (
        f"{log.name} belongs to the stream 0x{header.sign_log.random:08X}, "
        f"the other logs to 0x{sign_log.random:08X}."
    )
    return _error("ese.log-signature-mismatch", Place(log.name, "header"), text, JET_BAD_LOG_SIGNATURE)


def twice(log: LogReport, generation: int) -> ContentFinding:
    """Two files for one generation, with 5 and 8 digits or with two extensions."""
    text = f"There is another file for log 0x{generation:X} besides {log.name}."
    return ContentFinding("ese.log-twice", Severity.WARNING, Place(log.name), text)


def gap(base: str, names: str) -> ContentFinding:
    """Numbers in the middle of the stream that no file has."""
    return _error(
        "ese.log-gap", Place(base), f"Missing from the middle of {base}: {names}.", JET_MISSING_LOG_FILE
    )


def version_step(older: LogReport, newer: LogReport) -> ContentFinding:
    """The format went back: an older engine wrote after a newer one."""
    text = f"{newer.name} is of an older log version than {older.name} before it."
    return ContentFinding("ese.log-version-step", Severity.WARNING, Place(newer.name, "header"), text)


def no_logs(base: str) -> ContentFinding:
    """Nothing at all."""
    return ContentFinding("ese.no-logs", Severity.WARNING, Place(base), f"There is no log of {base} here.")


def current_findings(
    base: str, numbered: Sequence[LogReport], current: LogReport | None
) -> Iterator[ContentFinding]:
    """The current log comes right behind the numbered ones; amid a rollover there is none."""
    highest = max((generation_of(log) or 0 for log in numbered), default=0)
    if current is None:
        if numbered:
            text = f"There is no {base}.log: the copy was cut amid a rollover, or it was left out."
            yield ContentFinding("ese.current-log-missing", Severity.INFO, Place(base), text)
        return
    if current.header is None or not numbered or current.header.generation == highest + 1:
        return
    place = Place(current.name, "header")
    if current.header.generation <= highest:
        text = (
            f"{current.name} is log 0x{current.header.generation:X}, but log 0x{highest:X} is there already."
        )
        yield _error("ese.current-log-not-next", place, text, JET_INVALID_LOG_SEQUENCE)
        return
    names = names_of(base, highest + 1, current.header.generation - 1, numbered)
    text = f"{current.name} is log 0x{current.header.generation:X}: missing before it: {names}."
    yield _error("ese.current-log-not-next", place, text, JET_MISSING_LOG_FILE)


def circular_finding(logs: Sequence[LogReport]) -> Iterator[ContentFinding]:
    """Circular logging deletes logs by itself: no roll-forward, and nothing for a backup to truncate."""
    circular = [log for log in logs if log.header and log.header.circular]
    if circular:
        text = "Circular logging is on, or was: an older copy cannot be rolled forward with these logs."
        yield ContentFinding(
            "ese.circular-logging", Severity.WARNING, Place(circular[-1].name, "header"), text
        )


def checkpoint_findings(
    base: str, logs: Sequence[LogReport], sign_log: Signature, checkpoint: CheckpointReport | None
) -> Iterator[ContentFinding]:
    """A checkpoint only shortens replay: nothing that is wrong with it stands against the logs."""
    if not logs:
        return
    if checkpoint is None:
        text = f"There is no checkpoint of {base}: all logs that are there will be replayed."
        yield _warning("ese.checkpoint-missing", Place(base), text, JET_CHECKPOINT_FILE_NOT_FOUND)
        return
    if checkpoint.position is None:
        return
    if checkpoint.sign_log != sign_log:
        text = f"{checkpoint.name} belongs to the stream 0x{checkpoint.sign_log.random:08X}, not to this one."
        yield _warning(
            "ese.checkpoint-signature-mismatch", Place(checkpoint.name), text, JET_BAD_CHECKPOINT_SIGNATURE
        )
        return
    generations = [number for log in logs if (number := generation_of(log)) is not None]
    if generations and not min(generations) <= checkpoint.position.generation <= max(generations):
        text = (
            f"{checkpoint.name} points into log 0x{checkpoint.position.generation:X}; the logs here are "
            f"0x{min(generations):X} to 0x{max(generations):X}."
        )
        yield _warning("ese.checkpoint-outside-logs", Place(checkpoint.name), text)


def _error(code: str, place: Place, text: str, ese_error: int) -> ContentFinding:
    return ContentFinding(code, Severity.ERROR, place, text, ese_error)


def _warning(code: str, place: Place, text: str, ese_error: int | None = None) -> ContentFinding:
    return ContentFinding(code, Severity.WARNING, place, text, ese_error)
