"""The `quiesce` command."""

from __future__ import annotations

import sys

import click

from orchestrator.cli.app import app
from orchestrator.cli.output import problem_document
from orchestrator.errors import ExitStatus


def main() -> None:
    """Run the command line; usage errors honour --json as all others do."""
    try:
        status = app.main(prog_name="quiesce", standalone_mode=False)
    except click.ClickException as error:
        if "--json" in sys.argv:
            click.echo(problem_document(error, ExitStatus.USAGE))
        else:
            error.show()
        sys.exit(int(ExitStatus.USAGE))
    except click.Abort:
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
