"""What missing and unusable logs mean for a database, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from orchestrator.ese.log_needs import Stretch
from orchestrator.ese.weighing import Weighed, against, worth_knowing
from orchestrator.model.verification import Verdict

JET_LOG_FILE_CORRUPT: Final = -501
JET_MISSING_LOG_FILE: Final = -528
JET_REQUIRED_LOG_FILES_MISSING: Final = -543
JET_COMMITTED_LOG_FILES_MISSING: Final = -582

_NAMED: Final = 3


class _Words(NamedTuple):
    missing: str
    missing_error: int
    unusable: str
    unusable_error: int
    meaning: str


_WORDS: Final = {
    Stretch.OLDER: _Words(
        "ese.older-log-missing",
        JET_MISSING_LOG_FILE,
        "ese.older-log-bad",
        JET_LOG_FILE_CORRUPT,
        "recovery of {path} does not read that far back, as long as the checkpoint is there",
    ),
    Stretch.REQUIRED: _Words(
        "ese.required-log-missing",
        JET_REQUIRED_LOG_FILES_MISSING,
        "ese.required-log-bad",
        JET_REQUIRED_LOG_FILES_MISSING,
        "{path} cannot be recovered without it",
    ),
    Stretch.COMMITTED: _Words(
        "ese.committed-log-missing",
        JET_COMMITTED_LOG_FILES_MISSING,
        "ese.committed-log-bad",
        JET_COMMITTED_LOG_FILES_MISSING,
        "{path} can be recovered, but loses what was acknowledged in it",
    ),
    Stretch.LATER: _Words(
        "ese.later-log-missing",
        JET_MISSING_LOG_FILE,
        "ese.later-log-bad",
        JET_LOG_FILE_CORRUPT,
        "replay for {path} would stop there, before the end of the logs",
    ),
}


def missing(stretch: Stretch, path: str, names: Sequence[str]) -> Weighed:
    """Logs of one stretch that are not there."""
    words = _WORDS[stretch]
    text = f"Missing: {_listed(names)}; {words.meaning.format(path=path)}."
    return _weighed(stretch, words.missing, path, text, words.missing_error)


def unusable(stretch: Stretch, path: str, reasons: Sequence[str]) -> Weighed:
    """Logs of one stretch that are there, and cannot be replayed."""
    words = _WORDS[stretch]
    text = f"{_listed(reasons)}; {words.meaning.format(path=path)}."
    return _weighed(stretch, words.unusable, path, text[0].upper() + text[1:], words.unusable_error)


def nothing_there(path: str, first: int, last: int) -> Weighed:
    """No log at all."""
    which = f"log 0x{first:X}" if first == last else f"the logs 0x{first:X} to 0x{last:X}"
    text = f"{path} was not shut down and needs {which}, but there are no logs with it."
    return against(
        Stretch.REQUIRED.without, "ese.required-log-missing", path, text, JET_REQUIRED_LOG_FILES_MISSING
    )


def correctable(path: str, names: Sequence[str]) -> Weighed:
    """Logs with single wrong bits, which the engine would mend."""
    text = (
        f"A single bit is wrong in {_listed(names)}. The engine mends it when it replays the log, but "
        "the storage below has returned what nobody wrote."
    )
    return against(Verdict.DAMAGED, "ese.log-correctable", path, text)


def not_checked(path: str, names: Sequence[str]) -> Weighed:
    """Logs in a format that is not known here."""
    text = f"The records of {_listed(names)} were not checked: the format is not known here."
    finding = worth_knowing("ese.log-not-checked", path, text).finding
    return Weighed(Verdict.NOT_VERIFIABLE, finding)


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _NAMED
    return ", ".join(items[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _weighed(stretch: Stretch, code: str, path: str, text: str, ese_error: int) -> Weighed:
    if stretch is Stretch.OLDER:
        return worth_knowing(code, path, text, ese_error)
    return against(stretch.without, code, path, text, ese_error)
