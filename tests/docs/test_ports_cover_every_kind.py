from __future__ import annotations

from orchestrator.cli.ports_reference import kinds_covered
from orchestrator.registry.plugins import load_plugins


def test_every_kind_of_host_and_array_says_how_it_connects() -> None:
    plugins = load_plugins()
    ours = {kind for each in plugins.loaded if each.distribution == "quiesce" for kind in each.kinds}
    reached = ours & {*plugins.host_coordinators, *plugins.providers}
    assert reached
    assert reached - kinds_covered() == set()
