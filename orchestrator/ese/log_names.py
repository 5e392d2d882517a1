"""Names of the files of a log stream.

A stream is named by three characters, its base ("E00", "edb"). A log that is full bears its generation in
hexadecimal, with 5 or 8 digits; the one being written bears none. Source: ESE ese/_log/logstream.cxx.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# The engine counts no further (lGenerationMax, ESE inc/log.hxx).
_MAX_GENERATION: Final = 0x7FFFFFF0

_BASE: Final = r'(?P<base>[^\\/:*?"<>|.\s]{3})'
_LOG: Final = r"\.(?:log|jtx)"
_NUMBERED: Final = re.compile(rf"{_BASE}(?P<generation>[0-9a-f]{{5}}|[0-9a-f]{{8}}){_LOG}", re.IGNORECASE)
_CURRENT: Final = re.compile(rf"{_BASE}{_LOG}", re.IGNORECASE)
_TEMPORARY: Final = re.compile(rf"{_BASE}tmp{_LOG}", re.IGNORECASE)
_RESERVE: Final = re.compile(rf"{_BASE}res[0-9a-f]{{5}}\.jrs", re.IGNORECASE)
_OLD_RESERVE: Final = re.compile(rf"(?P<base>)res[12]{_LOG}", re.IGNORECASE)
_CHECKPOINT: Final = re.compile(rf"{_BASE}\.(?:chk|jcp)", re.IGNORECASE)


class LogKind(StrEnum):
    """What a file of a stream is, by its name."""

    NUMBERED = "numbered"
    CURRENT = "current"
    TEMPORARY = "temporary"
    RESERVE = "reserve"
    CHECKPOINT = "checkpoint"


# The first that fits counts: "SRUtmp.log" must not be taken for another stream's.
_PATTERNS: Final = (
    (_TEMPORARY, LogKind.TEMPORARY),
    (_OLD_RESERVE, LogKind.RESERVE),
    (_RESERVE, LogKind.RESERVE),
    (_NUMBERED, LogKind.NUMBERED),
    (_CURRENT, LogKind.CURRENT),
    (_CHECKPOINT, LogKind.CHECKPOINT),
)


@dataclass(frozen=True, slots=True)
class LogName:
    """What the name of a file says.

    Attributes:
        base: in capitals; empty for res1.log and res2.log, which belong to no stream of their own.
        generation: only a numbered log's.
    """

    base: str
    kind: LogKind
    generation: int | None = None

    @property
    def in_stream(self) -> bool:
        """It is a log that recovery reads. The next log being prepared and the reserve are not.

        Those may hold a valid header all the same: of an old generation, recycled.
        """
        return self.kind in {LogKind.NUMBERED, LogKind.CURRENT}


def parse_name(file_name: str) -> LogName | None:
    """Tell what a file is by its name, whatever its case; None if it is none of a stream's.

    Any three letters make a current log, and many words a numbered one: whether a file really is a log, its
    header says.

    Args:
        file_name: may have folders before it, with "/" or a backslash.
    """
    last = re.split(r"[\\/]", file_name)[-1]
    for pattern, kind in _PATTERNS:
        if match := pattern.fullmatch(last):
            generation = int(match["generation"], 16) if kind is LogKind.NUMBERED else None
            if generation is not None and not 0 < generation <= _MAX_GENERATION:
                return None
            return LogName(match["base"].upper(), kind, generation)
    return None


def log_file_name(base: str, generation: int, like: str = "") -> str:
    """Return the name of a numbered log, as many digits and the same extension as one of its neighbours.

    Args:
        base: of the stream.
        generation: of the log.
        like: the name of another log of the stream; without one, 8 digits and ".log".
    """
    match = _NUMBERED.fullmatch(re.split(r"[\\/]", like)[-1])
    digits = len(match["generation"]) if match else 8
    extension = like[-4:] if match else ".log"
    return f"{base}{generation:0{digits}X}{extension}"
