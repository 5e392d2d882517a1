"""`quiesce plugins`: what loaded, and what did not."""

from __future__ import annotations

from dataclasses import asdict

import click

from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers, columns
from orchestrator.registry.plugins import Plugins


@click.command()
@answers("quiesce.plugins/1")
def plugins() -> Answer:
    """List the plugins that loaded and those that did not, with the reason.

    QUIESCE_DISABLED_PLUGINS names plugins to leave out, separated by commas.
    """
    found = open_installation().plugins
    result = {
        "loaded": [asdict(plugin) for plugin in found.loaded],
        "broken": [asdict(plugin) for plugin in found.broken],
        "disabled": list(found.disabled),
        "array_kinds": sorted(found.providers),
        "host_kinds": sorted(found.host_coordinators),
    }
    return Answer(result, _text(found))


def _text(found: Plugins) -> str:
    rows = [("PLUGIN", "STATE", "KINDS", "FROM")]
    rows += [
        (each.name, "loaded", ", ".join(each.kinds), f"{each.distribution} {each.version}, {each.module}")
        for each in found.loaded
    ]
    rows += [(each.name, "BROKEN", "", each.reason) for each in found.broken]
    rows += [(name, "disabled", "", "") for name in found.disabled]
    return columns(rows)
