"""A set on a host with an agent, as the orchestrator holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from orchestrator.hosts.agent import ops
from orchestrator.hosts.agent.ops import Op, SetKey
from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S
from orchestrator.model.hosts import CompletionReport, FreezeReport, ReleaseReport, WriterReport
from orchestrator.plugin import HostSet

A = TypeVar("A")
R = TypeVar("R")

# A freeze that has not begun so soon after it was sent was held up on the way: the agent refuses it then.
START_WITHIN_S: Final = 2.0


class Asking(Protocol):
    """Who can ask the agent."""

    async def ask(self, op: Op[A, R], args: A, *, patience_s: float = ...) -> R:
        """Ask, again and again for a while where that is safe."""

    async def clocks(self) -> ops.Clocks:
        """Read the agent's clock."""


class AgentSet(HostSet):
    """The set. What became of it is the agent's to say; this side keeps nothing."""

    def __init__(self, agent: Asking, key: SetKey, session_id: str) -> None:
        self.session_id = session_id
        self._agent = agent
        self._key = key
        self._thawed_by_s: float | None = None

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze the writers and hold writes, now or not at all.

        The agent's clock is read first: that proves the connection, and it dates the last instant at which
        the freeze may begin. The clock stood at what it answered or later when the answer came; so the
        instant is never too late, and early by no more than the way of that answer.
        """
        now_s = asyncio.get_running_loop().time
        clocks = await self._agent.clocks()
        start_by_s = clocks.agent_s + START_WITHIN_S
        self._thawed_by_s = now_s() + START_WITHIN_S + dead_man_s
        freeze = ops.Freeze(self._key, dead_man_s, clocks.life, start_by_s)
        return await self._agent.ask(ops.FREEZE, freeze)

    async def thaw(self) -> ReleaseReport:
        """Release and thaw; on fresh connections until it is confirmed, or the dead man has done it."""
        patience_s = EXCHANGE_FREEZE_LIMIT_S
        if self._thawed_by_s is not None:
            patience_s = max(0.0, self._thawed_by_s - asyncio.get_running_loop().time())
        return await self._agent.ask(ops.THAW, self._key, patience_s=patience_s)

    async def writer_status(self) -> Sequence[WriterReport]:
        """Gather the writers' states."""
        return (await self._agent.ask(ops.WRITER_STATUS, self._key)).writers

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended."""
        return await self._agent.ask(ops.COMPLETE, ops.Completion(self._key, succeeded))

    async def abort(self) -> None:
        """Give the set up."""
        await self._agent.ask(ops.ABORT, self._key)
