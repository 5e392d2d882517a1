"""The coordinator of an emulated Exchange host."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.emulated_exchange import protocol
from orchestrator.hosts.emulated_exchange.client import Connection
from orchestrator.hosts.emulated_exchange.protocol import Op, SetKey
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    CompletionReport,
    FreezeReport,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
)
from orchestrator.plugin import Fault, HostCoordinator, HostSet, ProviderContext, SetPlan

A = TypeVar("A")
R = TypeVar("R")

KIND: Final = "emulated-exchange"
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class EmulatedExchangeSettings(BaseModel):
    """There are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EmulatedExchangeCoordinator(HostCoordinator):
    """Our side of an emulated host. A lost connection is opened again for whatever may safely be asked."""

    kind: ClassVar = KIND
    settings_model: ClassVar = EmulatedExchangeSettings
    ceiling = Grade.WRITER_VERIFIED

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        self._context = context
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        """Log in to the host, which must be on loopback: the token travels in clear."""
        if urlsplit(self._context.url).hostname not in LOOPBACK:
            raise BadInput(
                "input.bad-settings",
                f"the url of an emulated host is on loopback, not {self._context.url}",
                subject=self._context.name,
            )
        await self._usable_connection()

    async def close(self) -> None:
        """Drop the connection; an open set stays with the host."""
        self._drop_connection()
        while self._closing:
            await asyncio.wait(self._closing)

    async def identify(self) -> HostIdentity:
        """Tell which host this is."""
        return await self.ask(protocol.IDENTIFY, protocol.Nothing())

    async def survey(self) -> Survey:
        """Read what the host reports of its writers and its storage."""
        return await self.ask(protocol.SURVEY, protocol.Nothing())

    async def open(self, plan: SetPlan) -> HostSet:
        """Start a session and a set."""
        session = await self.ask(protocol.OPEN, plan)
        return EmulatedExchangeSet(self, SetKey(plan.set_id, plan.fence), session.session_id)

    async def resume(self, set_id: str, fence: int) -> HostSet:
        """Take up the session of a set that was opened before."""
        key = SetKey(set_id, fence)
        session = await self.ask(protocol.RESUME, key)
        return EmulatedExchangeSet(self, key, session.session_id)

    async def recover(self, set_id: str, fence: int) -> None:
        """Thaw and abort what a dead process left behind."""
        await self.ask(protocol.RECOVER, SetKey(set_id, fence))

    async def inject(self, fault: Fault) -> None:
        """Make the host misbehave; the emulator's `faults` lists the names."""
        await self.ask(protocol.INJECT, fault)

    async def ask(self, op: Op[A, R], args: A) -> R:
        """Ask the host; if the answer was lost with the connection, once more where that is safe."""
        connection = await self._usable_connection()
        try:
            return await connection.ask(op, args)
        except HostError as error:
            if error.code != "host.gone" or not op.repeatable:
                raise
        return await (await self._usable_connection()).ask(op, args)

    async def _usable_connection(self) -> Connection:
        async with self._connecting:
            if self._connection is None or not self._connection.usable:
                self._drop_connection()
                self._connection = await Connection.open(self._context)
            return self._connection

    def _drop_connection(self) -> None:
        """Close the connection without waiting for it: a dead peer must not hold up a thaw."""
        if self._connection is not None:
            closing = asyncio.create_task(self._connection.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._connection = None


class EmulatedExchangeSet(HostSet):
    """A set on an emulated host."""

    def __init__(self, coordinator: EmulatedExchangeCoordinator, key: SetKey, session_id: str) -> None:
        self.session_id = session_id
        self._coordinator = coordinator
        self._key = key

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze the writers and hold writes."""
        return await self._coordinator.ask(protocol.FREEZE, protocol.Freeze(self._key, dead_man_s))

    async def thaw(self) -> ReleaseReport:
        """Release and thaw, on a fresh connection if the open one is gone."""
        return await self._coordinator.ask(protocol.THAW, self._key)

    async def writer_status(self) -> Sequence[WriterReport]:
        """Gather the writers' states."""
        return (await self._coordinator.ask(protocol.WRITER_STATUS, self._key)).writers

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended."""
        return await self._coordinator.ask(protocol.COMPLETE, protocol.Completion(self._key, succeeded))

    async def abort(self) -> None:
        """Give the set up."""
        await self._coordinator.ask(protocol.ABORT, self._key)
