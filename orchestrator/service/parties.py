"""A host and arrays, connected for as long as somebody needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.errors import OrchestratorError
from orchestrator.plugin import HostCoordinator, Provider
from orchestrator.registry.connections import Connections
from orchestrator.registry.endpoints import RegisteredArray, RegisteredHost


@dataclass(frozen=True, slots=True)
class Callers:
    """Objects that can speak to a host and arrays, not connected yet, by registered name."""

    host: tuple[str, HostCoordinator]
    arrays: dict[str, Provider]

    @classmethod
    def of(cls, connections: Connections, host: RegisteredHost, arrays: Iterable[RegisteredArray]) -> Callers:
        """Build them from what is registered. Reads secrets; opens no connection."""
        return cls(
            (host.name, connections.host(host)), {array.name: connections.provider(array) for array in arrays}
        )


@asynccontextmanager
async def connected(callers: Callers) -> AsyncIterator[tuple[HostPart, tuple[ArrayPart, ...]]]:
    """Connect to all of them at once; disconnect from all of them whatever happens.

    Raises:
        OrchestratorError: one of them cannot be reached. A LUN that it claims as well could go unseen
            otherwise, so the others are not used without it.
    """
    name, coordinator = callers.host
    async with AsyncExitStack() as stack:
        _close_at_the_end(stack, callers)
        host, *arrays = await asyncio.gather(
            _meet_host(name, coordinator),
            *(_meet_array(name, provider) for name, provider in callers.arrays.items()),
        )
        assert isinstance(host, HostPart)  # noqa: S101 - the first of the gathered
        yield host, tuple(array for array in arrays if isinstance(array, ArrayPart))


@asynccontextmanager
async def reachable(callers: Callers) -> AsyncIterator[tuple[HostPart | None, dict[str, ArrayPart | None]]]:
    """Connect to whatever answers: for recovery, which does what it can."""
    name, coordinator = callers.host
    async with AsyncExitStack() as stack:
        _close_at_the_end(stack, callers)
        host, *arrays = await asyncio.gather(
            _meet_host(name, coordinator),
            *(_meet_array(name, provider) for name, provider in callers.arrays.items()),
            return_exceptions=True,
        )
        for answer in (host, *arrays):
            if isinstance(answer, BaseException) and not isinstance(answer, OrchestratorError):
                raise answer
        met = dict(zip(callers.arrays, arrays, strict=True))
        yield (
            host if isinstance(host, HostPart) else None,
            {name: part if isinstance(part, ArrayPart) else None for name, part in met.items()},
        )


@asynccontextmanager
async def connected_arrays(providers: dict[str, Provider]) -> AsyncIterator[tuple[ArrayPart, ...]]:
    """Connect to arrays only."""
    async with AsyncExitStack() as stack:
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        met = (_meet_array(name, provider) for name, provider in providers.items())
        yield tuple(await asyncio.gather(*met))


def _close_at_the_end(stack: AsyncExitStack, callers: Callers) -> None:
    stack.push_async_callback(callers.host[1].close)
    for provider in callers.arrays.values():
        stack.push_async_callback(provider.close)


async def _meet_host(name: str, coordinator: HostCoordinator) -> HostPart:
    await coordinator.connect()
    return HostPart(name, coordinator, await coordinator.identify())


async def _meet_array(name: str, provider: Provider) -> ArrayPart:
    await provider.connect()
    return ArrayPart(name, provider, await provider.identify())
