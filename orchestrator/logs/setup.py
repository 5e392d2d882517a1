"""Joins structlog, the standard library's logging, redaction and stderr."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from orchestrator.errors import BadInput
from orchestrator.logs.redaction import redact_value
from orchestrator.logs.window_buffer import WindowBuffer

LEVEL_VARIABLE: Final = "QUIESCE_LOG"
FAULTS: Final = logging.ERROR
SILENT: Final = logging.CRITICAL + 1
_LEVELS: Final = ("debug", "info", "warning", "error")


def set_up(level: int | None = None) -> WindowBuffer:
    """Send all logging of this process to stderr. Doing it again replaces what was set up before.

    Args:
        level: of the `logging` module; when left out, QUIESCE_LOG decides, and warnings are shown without it.

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
    buffer = WindowBuffer(_lines_to_stderr())
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Gate):
            root.removeHandler(handler)
    root.addHandler(_Gate(buffer))
    root.setLevel(level)
    return buffer


def _level_of_environment() -> int:
    name = os.environ.get(LEVEL_VARIABLE, "").lower() or "warning"
    if name not in _LEVELS:
        what = f"It names no level; the levels are {', '.join(_LEVELS)}."
        raise BadInput("input.bad-environment", what, subject=LEVEL_VARIABLE)
    return logging.getLevelNamesMapping()[name.upper()]


class _Gate(logging.Handler):
    """Where every entry of the process comes in."""

    def __init__(self, buffer: WindowBuffer) -> None:
        super().__init__()
        self._buffer = buffer

    def emit(self, record: logging.LogRecord) -> None:
        self._buffer.take(record)


class _CurrentStderr:
    """Whatever sys.stderr is at the moment of writing."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _Lines(logging.StreamHandler[_CurrentStderr]):
    """Writes lines; an entry that cannot be formatted is reported without its contents."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's spelling
        with suppress(OSError, ValueError):
            self.stream.write(f"a log entry of {record.name} could not be written\n")


def _lines_to_stderr() -> logging.Handler:
    handler = _Lines(_CurrentStderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                _describe,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact,
                _Renderer(),
            ]
        )
    )
    return handler


def _describe(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add when, how bad and where from, as of the moment of logging: writing may come later."""
    record: logging.LogRecord = event["_record"]
    event["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    event["level"] = record.levelname.lower()
    event["logger"] = record.name
    return event


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    redacted: MutableMapping[str, Any] = redact_value(event)
    return redacted


class _Renderer:
    """Text for a terminal, JSON for anything else."""

    _text = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    _json = structlog.processors.JSONRenderer()

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return str((self._text if sys.stderr.isatty() else self._json)(logger, method, event))
