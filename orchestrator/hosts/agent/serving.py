"""An agent's answers: it owns the sets, and lets its backend do the work.

Requests come from any connection, in any order, and outlive the connection they came on.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from orchestrator.errors import HostError
from orchestrator.hosts.agent.memory import MemoryFile, Remembered
from orchestrator.hosts.agent.ops import Clocks, Freeze, Hello, SetKey
from orchestrator.hosts.agent.served_set import Phase, ServedSet
from orchestrator.model.hosts import FreezeReport
from orchestrator.model.time import Reading
from orchestrator.plugin import HostCoordinator, SetPlan

MOST_ENDED: Final = 64  # sets whose end is remembered, for whoever lost the answer
MOST_ID: Final = 100  # characters of a set id
STOP_S: Final = 10.0


class AgentService:
    """Serves a connected backend. `start` before anything is asked; `stop` at the end.

    Args:
        backend: the coordinator of this host.
        memory: where to remember what must be recovered.
        version: of Quiesce.
        own_paths: what this process needs while the host is frozen.
    """

    def __init__(
        self,
        backend: HostCoordinator,
        memory: MemoryFile,
        *,
        version: str,
        own_paths: tuple[Path, ...] = (),
    ) -> None:
        self.life = uuid4().hex
        self.backend = backend
        self._memory = memory
        self._version = version
        self._own_paths = (*own_paths, memory.path.parent)
        self._remembered = Remembered()
        self._written = Remembered()
        self._writing = asyncio.Lock()
        self._sets: dict[str, ServedSet] = {}
        self._opening: dict[str, asyncio.Future[None]] = {}
        self._saving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Thaw and abort whatever an earlier life of this agent left behind.

        Raises:
            HostError: something may still be frozen, or what is remembered cannot be read. Serve nothing.
        """
        self._written = self._remembered = await asyncio.to_thread(self._memory.read)
        for set_id, fence in self._remembered.open_sets.items():
            await self.backend.recover(set_id, fence)
            self._remembered = self._remembered.ended(set_id, fence)
        await self._write()

    async def stop(self) -> None:
        """Abort every set: a session does not outlive the process that holds it, and nothing stays frozen."""
        aborts = [asyncio.create_task(each.abort()) for each in self._sets.values()]
        if aborts:
            done, late = await asyncio.wait(aborts, timeout=STOP_S)
            for task in late:
                task.cancel()
            for task in done:
                task.exception()  # the next start recovers what could not be aborted
        with suppress(HostError):
            await self._write()

    @property
    def in_window(self) -> bool:
        """Whether anything may be frozen now: nothing is written to disk then."""
        return any(each.phase is Phase.WINDOW for each in self._sets.values())

    def hello(self) -> Hello:
        """Tell what this agent is."""
        return Hello(self._version, self.backend.kind, self.backend.ceiling)

    async def clocks(self) -> Clocks:
        """Read the clocks; the backend's only where it has a quicker way to them than a survey."""
        host = Reading(datetime.now(UTC), _now_s())
        if type(self.backend).clock is not HostCoordinator.clock:
            host = await self.backend.clock()
        return Clocks(self.life, _now_s(), host)

    async def open(self, plan: SetPlan) -> str:
        """Open a set, and return the id of its session.

        Raises:
            HostError: `agent.fenced`; `host.busy`; its id was used before; or the backend's.
        """
        if not 0 < len(plan.set_id) <= MOST_ID:
            raise HostError("host.rejected", f"a set id has 1 to {MOST_ID} characters")
        self._demand_place_for(plan)
        await self._refuse_own_volumes(plan)
        self._demand_place_for(plan)  # others went on while we looked
        self._remembered = self._remembered.opened(plan.set_id, plan.fence)
        done = self._opening[plan.set_id] = asyncio.get_running_loop().create_future()
        try:
            await self._write()
            host_set = await self.backend.open(plan)
        except BaseException:
            with suppress(Exception):  # whatever it raises, the next start recovers the set
                await self.backend.recover(plan.set_id, plan.fence)
                self._remembered = self._remembered.ended(plan.set_id, plan.fence)
            raise
        finally:
            del self._opening[plan.set_id]
            done.set_result(None)
        self._sets[plan.set_id] = ServedSet(plan, host_set, self._set_changed)
        return host_set.session_id

    async def freeze(self, freeze: Freeze) -> FreezeReport:
        """Freeze a set, if the request comes in time, from someone who knows this life of the agent.

        Raises:
            HostError: `agent.too-late`, `host.busy`, `host.rejected`: nothing was frozen; or the backend's.
        """
        async with self._writing:  # what is being written is on disk before anything stands still
            served = self.find(freeze.key)
            if freeze.life != self.life:
                raise _too_late(freeze.key, "the agent was started again since")
            late_s = _now_s() - freeze.start_by_s
            if late_s > 0:
                raise _too_late(freeze.key, f"the request came {late_s:.3f} s after its last instant")
            if self.in_window and served.phase is not Phase.WINDOW:
                raise HostError("host.busy", "another set is frozen", subject=freeze.key.set_id)
            window = served.begin_window(freeze.dead_man_s)
        return await window

    async def recover(self, key: SetKey) -> None:
        """Thaw and abort a set, also one that is just being opened; it cannot be opened any more."""
        if (opening := self._opening.get(key.set_id)) is not None:
            await asyncio.shield(opening)
        if key.set_id in self._sets:
            await self.find(key).abort()
        else:
            await self.backend.recover(key.set_id, key.fence)
        self._remembered = self._remembered.ended(key.set_id, key.fence)
        self._save_soon()

    def find(self, key: SetKey) -> ServedSet:
        """Return a set.

        Raises:
            HostError: `host.session-lost`, the agent has none of this id; `host.rejected`, wrong token.
        """
        served = self._sets.get(key.set_id)
        if served is None:
            what = "the agent has no such set: it never had, or was started again since"
            raise HostError("host.session-lost", what, subject=key.set_id)
        if served.key != key:
            raise HostError("host.rejected", "this is not the set's fencing token", subject=key.set_id)
        return served

    def _demand_place_for(self, plan: SetPlan) -> None:
        self._remembered.demand_new(plan.set_id, plan.fence)
        if self.in_window or self._opening:
            raise HostError("host.busy", "another set is in creation", subject=plan.set_id)

    async def _refuse_own_volumes(self, plan: SetPlan) -> None:
        """Refuse to freeze what this process needs to thaw (R8)."""
        needed = await self.backend.volumes_under(self._own_paths)
        for path, names in needed.items():
            for name in set(names) & set(plan.host_volumes):
                raise HostError("host.not-freezable", f"the agent itself needs it, for {path}", subject=name)

    def _set_changed(self) -> None:
        ended = [each for each in self._sets.values() if each.phase is Phase.ENDED]
        for each in ended:
            self._remembered = self._remembered.ended(each.key.set_id, each.key.fence)
        for each in ended[:-MOST_ENDED]:
            del self._sets[each.key.set_id]
        self._save_soon()

    def _save_soon(self) -> None:
        """Write down what changed; `_write` refuses while something is frozen, and its thaw comes here."""
        if self._remembered == self._written:
            return
        task = asyncio.get_running_loop().create_task(self._save())
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def _save(self) -> None:
        with suppress(HostError):  # a set too many in the file costs a recovery that finds nothing
            await self._write()

    async def _write(self) -> None:
        async with self._writing:
            remembered = self._remembered
            if self.in_window:
                raise HostError("host.busy", "another set is frozen", subject=str(self._memory.path))
            if remembered != self._written:
                await asyncio.to_thread(self._memory.write, remembered)
                self._written = remembered


def _too_late(key: SetKey, what: str) -> HostError:
    return HostError("agent.too-late", what, subject=key.set_id)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
