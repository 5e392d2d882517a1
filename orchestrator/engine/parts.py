"""What the composition root hands to a run: connected host, connected arrays, their names."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.arrays import ArrayIdentity, Capabilities
from orchestrator.model.hosts import HostIdentity
from orchestrator.plugin import HostCoordinator, Provider


@dataclass(frozen=True, slots=True)
class ArrayPart:
    """A registered array and the provider that speaks to it."""

    name: str
    provider: Provider
    identity: ArrayIdentity

    @property
    def capabilities(self) -> Capabilities:
        """What the provider claims."""
        return self.provider.capabilities


@dataclass(frozen=True, slots=True)
class HostPart:
    """A registered host and its coordinator."""

    name: str
    coordinator: HostCoordinator
    identity: HostIdentity
