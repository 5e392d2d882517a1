"""The coordinator of a host with an agent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.agent import ops
from orchestrator.hosts.agent.agent_set import AgentSet
from orchestrator.hosts.agent.asking import Connection
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.ops import Nothing, Op, SetKey
from orchestrator.hosts.agent.reaching import ByDialling, ThroughHub, Way
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import HostCheck, HostIdentity, Survey
from orchestrator.model.time import ClockOffset, Reading
from orchestrator.plugin import HostCoordinator, HostSet, ProviderContext, SetPlan

A = TypeVar("A")
R = TypeVar("R")

KIND: Final = "agent"
SCHEME: Final = "agent:"
LOST: Final = frozenset({"host.gone", "host.unreachable"})
# How long what may be asked again is asked again: an agent dials anew within a second of losing its hub.
PATIENCE_S: Final = 3.0
AGAIN_S: Final = 0.1
CLOCK_ROUNDS: Final = 7


class AgentSettings(BaseModel):
    """Settings of the kind `agent`.

    Attributes:
        fingerprint: of the agent's key (`quiesce host pending`); needed to dial an agent that listens.
        hub_socket: of the hub through which to ask; by default the installation's own.
        certificate: what we show to an agent that listens; by default one of the installation's authority.
        key: its private key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fingerprint: str = Field(default="", pattern=r"^(|[0-9a-fA-F]{64})$")
    hub_socket: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class AgentCoordinator(HostCoordinator):
    """Our side of an agent. A lost connection is opened again for whatever may safely be asked.

    Attributes:
        clock_offset: the host's wall clock against ours, measured when we connected.
    """

    kind: ClassVar = KIND
    settings_model: ClassVar = AgentSettings
    needs_secret: ClassVar = False
    ceiling = Grade.WRITER_VERIFIED

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        assert isinstance(settings, AgentSettings)  # noqa: S101 - the registry made it by our model
        self._way = _way(context, settings)
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self.clock_offset: ClockOffset | None = None

    async def connect(self) -> None:
        """Reach the agent, learn what it serves, and measure its clock.

        Raises:
            HostError: `host.unreachable`, `agent.version`, `agent.wrong-peer`, `agent.not-approved`.
        """
        hello = await self.ask(ops.HELLO, Nothing(), patience_s=0.0)
        self.ceiling = hello.ceiling
        rounds = [await self._clock_round() for _ in range(CLOCK_ROUNDS)]
        self.clock_offset = min(rounds, key=lambda offset: offset.error_s)

    async def close(self) -> None:
        """Drop the connection; an open set stays with the host."""
        self._drop_connection()
        while self._closing:
            await asyncio.wait(self._closing)

    async def identify(self) -> HostIdentity:
        """Tell which host this is."""
        return await self.ask(ops.IDENTIFY, Nothing())

    async def survey(self) -> Survey:
        """Read what the host reports of its writers and its storage."""
        return await self.ask(ops.SURVEY, Nothing())

    async def clock(self) -> Reading:
        """Read the host's clocks."""
        return (await self.clocks()).host

    async def clocks(self) -> ops.Clocks:
        """Read the agent's clock and the host's."""
        return await self.ask(ops.CLOCK, Nothing())

    async def examine(self) -> Sequence[HostCheck]:
        """Look for whatever would keep a run from succeeding."""
        return (await self.ask(ops.EXAMINE, Nothing())).checks

    async def open(self, plan: SetPlan) -> HostSet:
        """Start a session and a set."""
        session = await self.ask(ops.OPEN, plan)
        return AgentSet(self, SetKey(plan.set_id, plan.fence), session.session_id)

    async def resume(self, set_id: str, fence: int) -> HostSet:
        """Take up the session of a set that was opened before."""
        key = SetKey(set_id, fence)
        return AgentSet(self, key, (await self.ask(ops.RESUME, key)).session_id)

    async def recover(self, set_id: str, fence: int) -> None:
        """Thaw and abort what a dead process left behind."""
        await self.ask(ops.RECOVER, SetKey(set_id, fence))

    async def ask(self, op: Op[A, R], args: A, *, patience_s: float = PATIENCE_S) -> R:
        """Ask the agent; while its answer is lost on the way, again, where that is safe.

        Raises:
            HostError: what the agent or the hub answered; `host.gone`, `host.unreachable`.
        """
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + (patience_s if op.repeatable else 0.0)
        while True:
            try:
                return await (await self._usable_connection()).ask(op, args)
            except HostError as error:
                if error.code not in LOST or now_s() >= until_s:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def _clock_round(self) -> ClockOffset:
        asked, asked_s = datetime.now(UTC), asyncio.get_running_loop().time()
        theirs = (await self.clocks()).host.wall
        half_s = (asyncio.get_running_loop().time() - asked_s) / 2
        return ClockOffset((theirs - asked).total_seconds() - half_s, error_s=half_s)

    async def _usable_connection(self) -> Connection:
        async with self._connecting:
            if self._connection is None or not self._connection.usable:
                self._drop_connection()
                self._connection = await self._way.open()
            return self._connection

    def _drop_connection(self) -> None:
        """Close the connection without waiting for it: a dead peer must not hold up a thaw."""
        if self._connection is not None:
            closing = asyncio.create_task(self._connection.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._connection = None


def _way(context: ProviderContext, settings: AgentSettings) -> Way:
    if context.url.startswith(SCHEME):
        socket = settings.hub_socket or StateFolder.from_environment().agents_socket
        return ThroughHub(context.name, socket, context.url.removeprefix(SCHEME))
    if not context.url.startswith("https://"):
        what = f"the url of an agent is agent:ID or https://HOST:PORT, not {context.url}"
        raise BadInput("input.bad-settings", what, subject=context.name)
    if not settings.fingerprint:
        what = "an agent that is dialled is known by its key: give its `fingerprint`"
        raise BadInput("input.bad-settings", what, subject=context.name)
    files = partial(_own_files, context.ca_file, settings)
    return ByDialling(context.name, context.url, files, settings.fingerprint)


def _own_files(ca_file: Path | None, settings: AgentSettings) -> TlsFiles:
    if settings.certificate is not None and settings.key is not None and ca_file is not None:
        return TlsFiles(settings.certificate, settings.key, ca_file)
    folder, now = StateFolder.from_environment(), datetime.now(UTC)
    own = AgentAuthority.load_or_make(folder.keys, folder.installation(), now).orchestrator_files(now)
    return TlsFiles(settings.certificate or own.certificate, settings.key or own.key, ca_file or own.ca_file)
