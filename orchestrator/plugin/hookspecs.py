"""The hooks. Each one registers something; none does work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pluggy

from orchestrator.plugin.host import HostCoordinator
from orchestrator.plugin.provider import Provider
from orchestrator.plugin.verifier import Verifier

PROJECT: Final = "quiesce"
hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    """Call `register` with each provider class."""


@hookspec
def register_host_coordinators(register: Callable[[type[HostCoordinator]], None]) -> None:
    """Call `register` with each host coordinator class."""


@hookspec
def register_verifiers(register: Callable[[type[Verifier]], None]) -> None:
    """Call `register` with each verifier class."""
