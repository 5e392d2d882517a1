"""`quiesce lab`: emulated parts, served until stopped. One command a file, imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "array": "orchestrator.cli.lab_array",
    "host": "orchestrator.cli.lab_host",
    "up": "orchestrator.cli.lab_up",
}


class LabGroup(click.Group):
    """A group whose commands are named after their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=LabGroup)
def lab() -> None:
    """Serve emulated arrays and hosts, to try Quiesce on. Nothing they hold is real."""
