"""Logging, set up once by a composition root; everybody else only calls `structlog.get_logger()`.

Entries of structlog and of the standard library go one way: into the window buffer (memory while writers are
frozen, R8), then through `redaction` (R9), then as lines to stderr, JSON or, on a terminal, text.
"""

from orchestrator.logs.redaction import never_print, redact, redact_known
from orchestrator.logs.setup import FAULTS, LEVEL_VARIABLE, SILENT, set_up
from orchestrator.logs.window_buffer import WindowBuffer

__all__ = [
    "FAULTS",
    "LEVEL_VARIABLE",
    "SILENT",
    "WindowBuffer",
    "never_print",
    "redact",
    "redact_known",
    "set_up",
]
