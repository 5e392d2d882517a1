"""One installation: its state folder, registry, plugins and logs."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from functools import cached_property

from orchestrator import logs
from orchestrator.config.state_folder import StateFolder
from orchestrator.registry.connections import Connections
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Arrays, Hosts
from orchestrator.registry.plugins import Plugins, load_plugins
from orchestrator.registry.sets import Sets


@dataclass(frozen=True)
class Installation:
    """Opened parts of one state folder. Blocks: use it before and after the event loop, or in a thread."""

    folder: StateFolder
    log_buffer: logs.WindowBuffer

    @classmethod
    def open(cls, level: int | None = None) -> Installation:
        """Open the one that the environment names; logging goes to stderr from here on."""
        return cls(StateFolder.from_environment(), logs.set_up(level))

    @cached_property
    def database(self) -> Database:
        """The registry's database."""
        return Database(self.folder.database)

    @cached_property
    def plugins(self) -> Plugins:
        """Everything that is installed."""
        return load_plugins()

    @property
    def arrays(self) -> Arrays:
        """The registered arrays."""
        return Arrays(self.database)

    @property
    def hosts(self) -> Hosts:
        """The registered hosts."""
        return Hosts(self.database)

    @property
    def sets(self) -> Sets:
        """The sets on record."""
        return Sets(self.database)

    @property
    def connections(self) -> Connections:
        """From registered names to objects that speak to them."""
        return Connections(self.plugins, announce=logs.never_print)


def settle_heap() -> None:
    """Collect once and exempt what is there from collection: a full pass inside a window costs its time.

    Called when everything is imported and connected, right before the run that will freeze.
    """
    gc.collect()
    gc.freeze()
