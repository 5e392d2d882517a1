"""The root command. Its table is all that `--help` needs: no command module is imported for it."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from orchestrator import __version__
from orchestrator.errors import BadInput

# name: (module:command, one line of help)
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("orchestrator.cli.demo:demo", "Show a proven clone and a refused break-off, on emulated parts."),
    "run": ("orchestrator.cli.run:run", "Make one proven set from a job file."),
    "plan": ("orchestrator.cli.run:plan", "Say what a run would do, and whether it would be refused."),
    "recover": ("orchestrator.cli.recover:recover", "Thaw, settle and clean up after runs that died."),
    "set": ("orchestrator.cli.sets:sets", "List, show, delete or adopt sets."),
    "evidence": ("orchestrator.cli.evidence:evidence", "Verify and show signed records."),
    "ese": ("orchestrator.cli.ese:ese", "Look into databases and logs of Exchange: can they be mounted?"),
    "array": ("orchestrator.cli.array:array", "Register and test arrays."),
    "agent": ("orchestrator.cli.agent:agent", "Run the agent of a host, or the hub of all agents."),
    "host": ("orchestrator.cli.host:host", "Register and test hosts."),
    "plugins": ("orchestrator.cli.plugins:plugins", "List the plugins that loaded and those that did not."),
    "errors": ("orchestrator.cli.errors:errors", "Explain an error code: cause and remedy."),
    "lab": ("orchestrator.cli.lab:lab", "Serve emulated arrays and hosts."),
}

# Planned, so they are refused by name; anything else is a usage error.
NOT_BUILT: Final = (
    *("init", "status", "serve", "job", "apply", "promote", "audit", "report", "doctor"),
    *("conformance", "token", "secrets"),
)


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None when there is none of that name.

        Raises:
            BadInput: the command is planned.
        """
        if cmd_name in NOT_BUILT:
            what = f"`quiesce {cmd_name}` is not part of this version."
            raise BadInput("input.not-built", what, remedy="See `quiesce --help` for what is.")
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table without importing what it names."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="quiesce")
def app() -> None:
    """Application-consistent clones inside storage arrays, with proof.

    QUIESCE_HOME names the folder where Quiesce keeps its registry, journals, keys and evidence.
    """
