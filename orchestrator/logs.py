"""Logging, set up once by a composition root; everybody else only calls `structlog.get_logger()`.

Entries of structlog and of the standard library go one way: into the window buffer (memory while writers are
frozen, R8), then through redaction (R9), then as lines to stderr: JSON, or text on a terminal.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import sys
from collections import deque
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import structlog

from orchestrator.errors import BadInput
from orchestrator.plugin import Secret

LEVEL_VARIABLE: Final = "QUIESCE_LOG"
SILENT: Final = logging.CRITICAL + 1
_LEVELS: Final = ("debug", "info", "warning", "error")
_REDACTED: Final = "[redacted]"
_HELD_AT_MOST: Final = 10_000  # entries; a window lasts seconds

_WORDS: Final = (
    r"(?:token|secret|passw(?:or)?d|passphrase|credential|authorization|cookie|api[-_ ]?key|private[-_ ]?key)"
)
_SECRET_KEY: Final = re.compile(_WORDS, re.IGNORECASE)
_IN_TEXT: Final = (
    # https://user:password@array
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{_REDACTED}@"),
    (re.compile(r"\b(bearer|basic)\s+[\w+/=.~-]{4,}", re.IGNORECASE), rf"\1 {_REDACTED}"),
    # Headers whose value goes on to the end of the line, unless the line is somebody's repr.
    (re.compile(r"\b((?:proxy-)?authorization|(?:set-)?cookie)(:\s*)[^\r\n'\"]+", re.I), rf"\1\2{_REDACTED}"),
    # api_token=…, "x-auth-token": "…", ('password', '…'), b'secret': b'…'
    (
        re.compile(
            rf"({_WORDS}[\w-]{{0,40}})(\\?[\"']\s*[:=,]\s*b?|\s*[:=]\s*b?)"
            r"(\\?\"[^\"]*\"|\\?'[^']*'|[^\s\"',;&)}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1\2{_REDACTED}",
    ),
)

_known: set[str] = set()


def never_print(secret: Secret) -> None:
    """Keep a secret, however it is quoted or encoded, out of everything that is logged from now on."""
    value = secret.reveal()
    if value:
        encoded = base64.b64encode(value.encode()).decode()
        _known.update({value, quote(value, safe=""), json.dumps(value)[1:-1], repr(value)[1:-1], encoded})


def redact_known(text: str) -> str:
    """Return a text without the secrets that `never_print` was told of."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, _REDACTED)
    return text


def redact(text: str) -> str:
    """Return a text without known secrets and without whatever looks like one."""
    text = redact_known(text)
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def set_up(level: int | None = None) -> WindowBuffer:
    """Send all logging of this process to stderr; done again, it replaces what was set up before.

    Args:
        level: of the `logging` module; QUIESCE_LOG decides when left out, and warnings are shown when that is
            not set either.

    Raises:
        BadInput: QUIESCE_LOG names no level.
    """
    level = _level_of_environment() if level is None else level
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    buffer = WindowBuffer(_StderrLines())
    root = logging.getLogger()
    for earlier in [handler for handler in root.handlers if isinstance(handler, WindowBuffer)]:
        root.removeHandler(earlier)
    root.addHandler(buffer)
    root.setLevel(level)
    return buffer


class WindowBuffer(logging.Handler):
    """Keeps entries in memory while a freeze window is open and hands them on afterwards, in order."""

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self._target = target
        self._windows = 0
        self._held: deque[logging.LogRecord] = deque(maxlen=_HELD_AT_MOST)

    def hold(self) -> None:
        """Write nothing until `release` has been called as often as this."""
        with self._locked():
            self._windows += 1

    def release(self) -> None:
        """End one `hold`; the last one writes what was held."""
        with self._locked():
            self._windows = max(0, self._windows - 1)
            while self._held and not self._windows:
                self._target.handle(self._held.popleft())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep or hand on one entry. `logging` calls this with our lock taken."""
        if self._windows:
            self._held.append(record)
        else:
            self._target.handle(record)

    def _locked(self) -> Any:
        return self.lock
