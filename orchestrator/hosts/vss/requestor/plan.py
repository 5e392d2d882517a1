"""What a set is to hold, as the requestor sees it: a `SetPlan` of the plugin door fits."""

from __future__ import annotations

from typing import Protocol

from orchestrator.model.budgets import Budgets
from orchestrator.model.hosts import Component, WriterInstance


class PlannedSet(Protocol):
    """See `orchestrator.plugin.host.SetPlan`, which cannot be imported where there is no pydantic."""

    @property
    def set_id(self) -> str:
        """Quiesce's own id of the set."""

    @property
    def context(self) -> int:
        """VSS_SNAPSHOT_CONTEXT."""

    @property
    def backup_type(self) -> int:
        """VSS_BACKUP_TYPE."""

    @property
    def components(self) -> tuple[Component, ...]:
        """The selected ones."""

    @property
    def writers(self) -> tuple[WriterInstance, ...]:
        """The instances that own them."""

    @property
    def host_volumes(self) -> tuple[str, ...]:
        """Names of every host volume in the set."""

    @property
    def budgets(self) -> Budgets:
        """Limits for our own timers."""
