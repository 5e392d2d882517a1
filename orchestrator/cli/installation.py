"""Opens the installation for a command, in the user's manner."""

from __future__ import annotations

import click

from orchestrator import logs
from orchestrator.cli.output import Manner
from orchestrator.service.installation import Installation


def open_installation() -> Installation:
    """Return the installation that the environment names; with --quiet its logs say nothing."""
    manner: Manner = click.get_current_context().obj
    return Installation.open(logs.SILENT if manner.quiet else None)
