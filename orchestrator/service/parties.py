"""A host and arrays, connected for as long as somebody needs them, and known to be who they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.errors import ArrayError, HostError, OrchestratorError
from orchestrator.plugin import HostCoordinator, Provider
from orchestrator.registry.connections import Connections
from orchestrator.registry.endpoints import RegisteredArray, RegisteredHost

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class ArrayCaller:
    """A registered array and the object that speaks to it."""

    registered: RegisteredArray
    provider: Provider

    async def meet(self) -> ArrayPart:
        """Connect.

        Raises:
            ArrayError: it cannot be reached, or another array answers at its address.
        """
        await self.provider.connect()
        identity = await self.provider.identify()
        if identity.array_id != self.registered.array_id:
            what = f"another array answers at its address: {identity.name}, {identity.array_id}"
            raise ArrayError("array.other-identity", what, subject=self.registered.name)
        return ArrayPart(self.registered.name, self.provider, identity)


@dataclass(frozen=True, slots=True)
class HostCaller:
    """A registered host and the object that speaks to it."""

    registered: RegisteredHost
    coordinator: HostCoordinator

    async def meet(self) -> HostPart:
        """Connect.

        Raises:
            HostError: it cannot be reached, or another host answers at its address.
        """
        await self.coordinator.connect()
        identity = await self.coordinator.identify()
        if identity.host_id != self.registered.host_id:
            what = f"another host answers at its address: {identity.name}, {identity.host_id}"
            raise HostError("host.other-identity", what, subject=self.registered.name)
        return HostPart(self.registered.name, self.coordinator, identity)


@dataclass(frozen=True, slots=True)
class Callers:
    """A host and arrays, not connected yet."""

    host: HostCaller
    arrays: tuple[ArrayCaller, ...]

    @classmethod
    def of(cls, connections: Connections, host: RegisteredHost, arrays: Iterable[RegisteredArray]) -> Callers:
        """Build them from what is registered. Reads secrets; opens no connection."""
        return cls(HostCaller(host, connections.host(host)), array_callers(connections, arrays))


def array_callers(connections: Connections, arrays: Iterable[RegisteredArray]) -> tuple[ArrayCaller, ...]:
    """Build the callers of arrays."""
    return tuple(ArrayCaller(array, connections.provider(array)) for array in arrays)


@asynccontextmanager
async def connected(callers: Callers) -> AsyncIterator[tuple[HostPart, tuple[ArrayPart, ...]]]:
    """Connect to all of them at once; disconnect from all of them whatever happens.

    Raises:
        OrchestratorError: one of them cannot be reached. A LUN that it claims as well could go unseen
            otherwise, so the others are not used without it.
    """
    async with AsyncExitStack() as stack:
        stack.push_async_callback(callers.host.coordinator.close)
        arrays = stack.enter_async_context(connected_arrays(callers.arrays))
        host, met = await asyncio.gather(callers.host.meet(), arrays)
        yield host, met


@asynccontextmanager
async def connected_arrays(callers: Sequence[ArrayCaller]) -> AsyncIterator[tuple[ArrayPart, ...]]:
    """Connect to arrays only.

    Raises:
        ArrayError: one of them cannot be reached.
    """
    async with AsyncExitStack() as stack:
        for caller in callers:
            stack.push_async_callback(caller.provider.close)
        yield tuple(await asyncio.gather(*(caller.meet() for caller in callers)))


@asynccontextmanager
async def reachable_host(caller: HostCaller) -> AsyncIterator[HostPart | None]:
    """Connect to a host if it answers: for recovery, which does what it can."""
    try:
        yield await _if_it_answers(caller.meet())
    finally:
        await caller.coordinator.close()


@asynccontextmanager
async def reachable_arrays(callers: Sequence[ArrayCaller]) -> AsyncIterator[dict[str, ArrayPart]]:
    """Connect to those arrays that answer, by registered name."""
    async with AsyncExitStack() as stack:
        for caller in callers:
            stack.push_async_callback(caller.provider.close)
        met = await asyncio.gather(*(_if_it_answers(caller.meet()) for caller in callers))
        yield {part.name: part for part in met if part is not None}


async def _if_it_answers(meeting: Coroutine[Any, Any, P]) -> P | None:
    try:
        return await meeting
    except OrchestratorError:
        return None
