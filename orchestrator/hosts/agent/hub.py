"""The hub, on the orchestrator's side: agents dial it, and local callers reach them through it.

It decides who may connect (`Admissions`) and passes messages on. It keeps nothing of them, and an agent that
is not approved is asked nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from orchestrator.errors import HostError
from orchestrator.hosts.agent import ops, paths
from orchestrator.hosts.agent.admission import Admissions, AdmittedAgent
from orchestrator.hosts.agent.hub_line import AgentLine, renumbered
from orchestrator.hosts.agent.messages import MOST_BYTES, problem_text, read_request_head
from orchestrator.hosts.agent.tls import key_of_peer

LOOK_S: Final = 30.0  # how soon an agent that was revoked is dropped

log = structlog.get_logger()


class AgentHub:
    """Connects callers with agents."""

    def __init__(self, admissions: Admissions) -> None:
        self.admissions = admissions
        self._lines: dict[str, AgentLine] = {}
        self._greetings: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> tuple[AdmittedAgent, ...]:
        """Every agent that is connected now."""
        return tuple(line.agent for line in self._lines.values())

    async def serve_agent(self, http: web.Request) -> web.WebSocketResponse:
        """Take in an agent, if its key is pinned; its older connection, if there is one, is dead."""
        fingerprint = key_of_peer(http.transport)
        agent = None
        if fingerprint is not None:
            agent = await asyncio.to_thread(self.admissions.admitted, fingerprint)
        if fingerprint is None or agent is None:
            raise web.HTTPForbidden
        version = http.headers.get(paths.VERSION_HEADER, "")[:100]
        socket = web.WebSocketResponse(
            timeout=paths.CLOSE_S, heartbeat=paths.HUB_HEARTBEAT_S, max_msg_size=MOST_BYTES, compress=False
        )
        await socket.prepare(http)
        line = AgentLine(agent, fingerprint, socket)
        older, self._lines[agent.agent_id] = self._lines.get(agent.agent_id), line
        if older is not None:
            await older.close()
        self._greet(line, version)
        try:
            await line.serve()
        finally:
            if self._lines.get(agent.agent_id) is line:
                del self._lines[agent.agent_id]
        return socket

    async def serve_caller(self, http: web.Request) -> web.WebSocketResponse:
        """Pass on what a local caller asks one agent."""
        agent_id = http.match_info["agent_id"]
        socket = web.WebSocketResponse(timeout=paths.CLOSE_S, max_msg_size=MOST_BYTES, compress=False)
        await socket.prepare(http)
        answers: set[asyncio.Task[None]] = set()

        def say(text: str) -> None:
            task = asyncio.create_task(_send(socket, text))
            answers.add(task)
            task.add_done_callback(answers.discard)

        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            try:
                request_id = read_request_head(message.data).request_id
            except HostError:
                break
            try:
                line = await self._line_of(agent_id)
                await line.pass_on(message.data, _renumbering(say, request_id))
            except HostError as error:
                say(problem_text(request_id, error))
            except (ValueError, RecursionError):
                break
        await socket.close()
        return socket

    async def look(self) -> None:
        """Drop agents whose key is not pinned any more, again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            for line in [*self._lines.values()]:
                try:
                    agent = await asyncio.to_thread(self.admissions.admitted, line.fingerprint)
                except Exception as error:  # noqa: BLE001 - the database may be locked or away; the next look sees to it
                    log.warning("agents cannot be looked up", why=type(error).__name__)
                    break
                if agent is None:
                    await line.close()
                elif agent != line.agent:
                    line.agent = agent
                    self._greet(line, "")

    async def _line_of(self, agent_id: str) -> AgentLine:
        """Return the connection of an approved agent.

        Raises:
            HostError: `host.unreachable`, it is not connected; `agent.not-approved`.
        """
        line = self._lines.get(agent_id)
        if line is not None and not line.agent.approved:  # perhaps it has been, since it came
            agent = await asyncio.to_thread(self.admissions.admitted, line.fingerprint)
            line.agent = agent or line.agent
        if line is None:
            what = "the agent is not connected to the hub"
            raise HostError("host.unreachable", what, subject=agent_id)
        if not line.agent.approved:
            raise HostError("agent.not-approved", "nobody has approved it yet", subject=agent_id)
        return line

    def _greet(self, line: AgentLine, version: str) -> None:
        task = asyncio.create_task(self._greeted(line, version))
        self._greetings.add(task)
        task.add_done_callback(self._greetings.discard)

    async def _greeted(self, line: AgentLine, version: str) -> None:
        """Note that an agent has come and, once it is approved, which host it speaks for."""
        now, agent = datetime.now(UTC), line.agent
        try:
            if version:
                await asyncio.to_thread(self.admissions.seen, agent.agent_id, version, now)
            if agent.approved:
                identity = await line.ask(ops.IDENTIFY, ops.Nothing())
                await asyncio.to_thread(self.admissions.met, agent.agent_id, identity, now)
        except Exception as error:  # noqa: BLE001 - records are not what the connection is for
            log.debug("agent's coming not recorded", agent=agent.agent_id, why=type(error).__name__)


def _renumbering(say: Callable[[str], None], request_id: int) -> Callable[[str], None]:
    return lambda text: say(renumbered(text, request_id))


async def _send(socket: web.WebSocketResponse, text: str) -> None:
    try:
        await socket.send_str(text)
    except ConnectionError:
        return  # the caller has gone
