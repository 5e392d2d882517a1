"""An agent's whole life: connect the backend, recover, serve until told to stop, abort what is open."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from orchestrator.hosts.agent.memory import MemoryFile
from orchestrator.hosts.agent.serving import AgentService
from orchestrator.plugin import HostCoordinator

MEMORY: Final = "sets.json"


@asynccontextmanager
async def running_service(backend: HostCoordinator, state: Path, version: str) -> AsyncIterator[AgentService]:
    """Connect a backend and recover what an earlier life left; stop and close at the end.

    Args:
        backend: not connected yet.
        state: folder of the agent; not on what is to be frozen.
        version: of Quiesce.

    Raises:
        HostError: the backend cannot be connected, or something may still be frozen.
    """
    await backend.connect()
    try:
        own = (Path(sys.prefix), Path(__file__).parent)
        service = AgentService(backend, MemoryFile(state / MEMORY), version=version, own_paths=own)
        await service.start()
        try:
            yield service
        finally:
            await asyncio.shield(service.stop())
    finally:
        await backend.close()
