"""An agent's service over a scripted backend, for tests in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.agent.memory import MemoryFile, Remembered
from orchestrator.hosts.agent.ops import Freeze, SetKey
from orchestrator.hosts.agent.served_set import ServedSet
from orchestrator.hosts.agent.serving import AgentService
from tests.orchestrator.hosts.agent.scripted_backend import ScriptedBackend, a_plan

KEY = SetKey("set-1", 7)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.host = ScriptedBackend()
        self.file = MemoryFile(folder / "state" / "sets.json")
        self.service = self.new_life()

    def new_life(self) -> AgentService:
        self.service = AgentService(self.host, self.file, version="1")
        return self.service

    async def remembered(self) -> Remembered:
        return await asyncio.to_thread(self.file.read)

    async def opened(self, session_s: float = 100.0) -> ServedSet:
        await self.service.open(a_plan(session_s=session_s))
        return self.service.find(KEY)

    def freeze(
        self, key: SetKey = KEY, *, dead_man_s: float = 15.0, within_s: float = 1.0
    ) -> Awaitable[object]:
        start_by_s = asyncio.get_running_loop().time() + within_s
        return self.service.freeze(Freeze(key, dead_man_s, self.service.life, start_by_s))

    async def thawed(self, session_s: float = 100.0) -> ServedSet:
        served = await self.opened(session_s)
        await self.freeze()
        await served.thaw()
        return served


async def refusal(work: Awaitable[object]) -> str:
    with pytest.raises(HostError) as caught:
        await work
    return caught.value.code
