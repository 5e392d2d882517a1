"""The `quiesce` command."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli.app import app
from orchestrator.cli.output import Manner, report
from orchestrator.errors import ExitStatus, Interrupted, OrchestratorError

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

STOPPED_BY_CTRL_C: Final = 130  # 128 + SIGINT, as shells have it


def main() -> None:
    """Run the command line; whatever fails outside a command honours --json and --quiet as all else does."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names may hold what a terminal cannot show
    sys.exit(_status(Manner(as_json="--json" in sys.argv, quiet="--quiet" in sys.argv)))


def _status(manner: Manner) -> int:
    try:
        status = app.main(prog_name="quiesce", standalone_mode=False)
    except click.ClickException as error:
        if not manner.as_json and not manner.quiet:
            error.show()
            return ExitStatus.USAGE
        return report(error, manner, ExitStatus.USAGE)
    except click.Abort:
        return report(Interrupted("run.interrupted", "Stopped by Ctrl-C."), manner, STOPPED_BY_CTRL_C)
    except OrchestratorError as error:
        return report(error, manner)
    except Exception as error:
        log = _log(manner)
        log.exception("a fault that nobody foresaw")
        return report(error, manner)
    return status if isinstance(status, int) else ExitStatus.OK


def _log(manner: Manner) -> FilteringBoundLogger:
    """Return a log that keeps secrets out of the traceback. Loaded late: `--help` needs none of this."""
    import structlog

    from orchestrator import logs

    logs.set_up(logs.SILENT if manner.quiet else logs.FAULTS)
    log: FilteringBoundLogger = structlog.get_logger("quiesce")
    return log


if __name__ == "__main__":
    main()
