"""What the databases really did: when each of them stood still, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from orchestrator.hosts.emulated_exchange.emulator.store import IdleStore


@dataclass(slots=True)
class Stretch:
    """A time in which a database did not change.

    Attributes:
        until: None while it lasts.
    """

    database: str
    since: float
    until: float | None = None

    def covers(self, at: float) -> bool:
        """Tell whether the database stood still at that instant."""
        return self.since <= at and (self.until is None or at <= self.until)


@dataclass(frozen=True, slots=True)
class Truncation:
    """Logs that are gone."""

    database: str
    at: float


@dataclass
class StillStore(IdleStore):
    """A store that remembers; a stop takes as long as told."""

    stretches: list[Stretch]
    truncations: list[Truncation]
    stopped: dict[str, Stretch] = field(default_factory=dict)
    takes_s: float = 0.0

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        now = asyncio.get_running_loop().time()
        asked = {name: Stretch(name, now) for name in set(databases) - set(self.stopped)}
        self.stopped |= asked
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        for stretch in asked.values():
            stretch.since = asyncio.get_running_loop().time()
        self.stretches += [one for one in asked.values() if one.until is None]
        return all(one.until is None for one in asked.values())

    async def truncate(self, below: Mapping[str, int]) -> None:
        now = asyncio.get_running_loop().time()
        await super().truncate(below)
        self.truncations += [Truncation(database, now) for database in below]

    def resume(self) -> None:
        now = asyncio.get_running_loop().time()
        for stretch in self.stopped.values():
            stretch.until = now
        self.stopped.clear()
