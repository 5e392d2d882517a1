"""Connections are cut in every phase, messages are sent twice, too large or out of order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.agent import agent_set as agent_set_module
from orchestrator.hosts.agent import ops
from orchestrator.hosts.agent.agent_set import AgentSet
from orchestrator.hosts.agent.coordinator import AgentCoordinator
from orchestrator.hosts.agent.messages import request_text
from orchestrator.hosts.agent.tls import client_context
from orchestrator.model.hosts import HoldEnd
from tests.orchestrator.hosts.agent.network import Network, until
from tests.orchestrator.hosts.agent.scripted_backend import a_plan, reading

pytestmark = pytest.mark.journey  # real sockets, and waiting for them

KEY: Final = ops.SetKey("set-1", 7)
WAYS: Final = pytest.mark.parametrize("way", ["hub", "listen"])


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path)


async def cut(network: Network, host: AgentCoordinator) -> None:
    """End the connections of both legs, as a network does that is gone for a moment."""
    for line in [*network.hub._lines.values()]:
        await line.close()
    if host._connection is not None:
        await host._connection._socket.close()


@WAYS
@pytest.mark.parametrize("phase", ["opened", "freezing", "frozen", "thawed", "told"])
async def test_a_set_is_thawed_and_taken_up_again_after_a_cut(network: Network, way: str, phase: str) -> None:
    async with network.joined(way) as host:
        made = await host.open(a_plan())
        if phase == "opened":
            await cut(network, host)
        if phase == "freezing":
            gate = network.backend.hold("freeze")
            freezing = asyncio.ensure_future(made.freeze(15.0))
            await network.backend.reached["freeze"].wait()
            await cut(network, host)
            with pytest.raises(HostError) as caught:
                await freezing
            assert caught.value.code == "host.gone"
            gate.set()
        else:
            await made.freeze(15.0)
        if phase == "frozen":
            await cut(network, host)
            assert network.backend.frozen
        assert (await made.thaw()).hold_ended_by is HoldEnd.RELEASE
        assert not network.backend.frozen
        if phase == "thawed":
            await cut(network, host)
        await made.complete(succeeded=True)
        if phase == "told":
            await cut(network, host)
            await (await host.resume("set-1", 7)).complete(succeeded=True)
    assert network.backend.calls.count("freeze") == 1
    assert network.backend.told == [True]


async def test_a_thaw_waits_for_an_agent_that_is_away(network: Network) -> None:
    service = network.service()
    async with network.hub_running():
        async with network.agent_dialling(service):
            await network.until_connected()
            host = network.through_hub()
            made = await host.open(a_plan())
            await made.freeze(15.0)
        await network.until_connected(0)
        thawing = asyncio.ensure_future(made.thaw())
        await asyncio.sleep(0.15)
        assert not thawing.done()
        async with network.agent_dialling(service):
            assert (await thawing).hold_ended_by is HoldEnd.RELEASE
        await host.close()


async def test_a_thaw_gets_through_a_hub_that_was_started_again(network: Network) -> None:
    host = network.through_hub()
    service = network.service()
    async with network.hub_running() as port, network.agent_dialling(service):
        await network.until_connected()
        made = await host.open(a_plan())
        await made.freeze(15.0)
    thawing = asyncio.ensure_future(made.thaw())
    await asyncio.sleep(0.05)
    async with network.hub_running(port), network.agent_dialling(service):
        assert (await thawing).hold_ended_by is HoldEnd.RELEASE
    await host.close()


async def test_a_thaw_that_nobody_hears_ends_with_the_dead_man(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = network.through_hub()
    async with network.hub_running(), network.agent_dialling():
        await network.until_connected()
        made = await host.open(a_plan())
        monkeypatch.setattr(agent_set_module, "START_WITHIN_S", 0.3)
        await made.freeze(0.2)
    with pytest.raises(HostError) as caught:
        await made.thaw()
    assert caught.value.code in {"host.unreachable", "host.gone"}
    assert not network.backend.frozen
    await host.close()


@WAYS
async def test_an_opening_whose_answer_is_lost_is_not_asked_again(network: Network, way: str) -> None:
    gate = network.backend.hold("open")
    async with network.joined(way) as host:
        opening = asyncio.ensure_future(host.open(a_plan()))
        await network.backend.reached["open"].wait()
        await cut(network, host)
        with pytest.raises(HostError) as caught:
            await opening
        assert caught.value.code == "host.gone"
        gate.set()
        await host.recover("set-1", 7)
    assert network.backend.effects() == ["open", "abort"]


async def test_whoever_waits_is_told_that_the_agent_has_gone(network: Network) -> None:
    gate = network.backend.hold("freeze")
    async with network.joined("hub") as host:
        made = await host.open(a_plan())
        freezing = asyncio.ensure_future(made.freeze(15.0))
        await network.backend.reached["freeze"].wait()
        await network.hub._lines["agent-1"].close()
        with pytest.raises(HostError, match="to the hub was lost"):
            await freezing
        gate.set()
        await made.thaw()


@WAYS
async def test_a_connection_whose_answer_was_given_up_is_not_trusted(network: Network, way: str) -> None:
    gate = network.backend.hold("survey")
    async with network.joined(way) as host:
        before = host._connection
        asking = asyncio.ensure_future(host.survey())
        await network.backend.reached["survey"].wait()
        asking.cancel()
        await asyncio.wait({asking})
        await host.identify()
        assert host._connection is not before
        gate.set()


class Patient:
    """Notes for how long a thaw is asked again."""

    def __init__(self) -> None:
        self.patience_s: dict[str, float] = {}

    async def ask(self, op: ops.Op[Any, Any], args: object, *, patience_s: float = -1.0) -> Any:
        self.patience_s[op.name] = patience_s

    async def clocks(self) -> ops.Clocks:
        return ops.Clocks("life", 5.0, reading())


@pytest.mark.virtual_time
async def test_a_thaw_is_asked_for_until_the_dead_man_has_done_it() -> None:
    agent = Patient()
    made = AgentSet(agent, KEY, "session")
    await made.thaw()
    assert agent.patience_s["thaw"] == 20.0
    await made.freeze(15.0)
    await asyncio.sleep(4)
    await made.thaw()
    assert agent.patience_s["thaw"] == pytest.approx(15.0 + 2.0 - 4.0)


@asynccontextmanager
async def raw(network: Network) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A listening agent, and a session with the orchestrator's certificate."""
    own = network.certificates.orchestrator
    context = await asyncio.to_thread(client_context, own, by_name=False)
    async with (
        network.agent_listening() as port,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
    ):
        yield session, f"https://127.0.0.1:{port}/v1/agent"


async def say(socket: aiohttp.ClientWebSocketResponse, text: str) -> dict[str, Any] | None:
    """Send a message, and return the answer; None if the connection was ended instead."""
    await socket.send_str(text)
    message = await socket.receive()
    return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else None


async def test_bytes_that_are_sent_again_on_a_new_connection_have_no_effect(network: Network) -> None:
    async with raw(network) as (session, url):
        said = []
        async with session.ws_connect(url) as socket:
            clocks = await say(socket, request_text(ops.CLOCK, 1, ops.Nothing()))
            assert clocks is not None
            result = clocks["result"]
            freeze = ops.Freeze(KEY, 15.0, result["life"], result["agent_s"] + 2)
            said = [request_text(ops.OPEN, 2, a_plan()), request_text(ops.FREEZE, 3, freeze)]
            said += [request_text(ops.THAW, 4, KEY)]
            said += [request_text(ops.COMPLETE, 5, ops.Completion(KEY, succeeded=True))]
            for text in said:
                answer = await say(socket, text)
                assert answer is not None
                assert "result" in answer
        before = network.backend.effects()
        async with session.ws_connect(url) as socket:
            codes = [(await say(socket, text) or {}).get("problem", {}).get("code") for text in said]
        assert codes == ["host.rejected", "host.rejected", None, None]
        assert network.backend.effects() == before


@pytest.mark.parametrize(
    "second",
    [
        request_text(ops.IDENTIFY, 5, ops.Nothing()),
        request_text(ops.IDENTIFY, 4, ops.Nothing()),
        "noise",
        '{"version":1,"op":"identify","args":{}}',
        "x" * ((1 << 20) + 1),
    ],
    ids=["the same number", "a lower number", "noise", "no number", "too large"],
)
async def test_who_breaks_the_rules_is_cut_off(network: Network, second: str) -> None:
    async with raw(network) as (session, url):
        async with session.ws_connect(url) as socket:
            assert await say(socket, request_text(ops.SURVEY, 5, ops.Nothing()))
            assert await say(socket, second) is None
        assert network.backend.calls == ["survey"]


async def test_binary_messages_are_not_read(network: Network) -> None:
    async with raw(network) as (session, url):
        async with session.ws_connect(url) as socket:
            await socket.send_bytes(request_text(ops.IDENTIFY, 1, ops.Nothing()).encode())
            assert (await socket.receive()).type is not aiohttp.WSMsgType.TEXT
        assert network.backend.calls == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"version":2,"request_id":1,"op":"identify","args":{}}', "agent.version"),
        ('{"version":1,"request_id":1,"op":"format-disk","args":{}}', "agent.malformed"),
        ('{"version":1,"request_id":1,"op":"recover","args":{"set_id":5,"fence":1}}', "agent.malformed"),
    ],
)
async def test_a_request_that_cannot_be_understood_is_answered(
    network: Network, text: str, code: str
) -> None:
    async with raw(network) as (session, url), session.ws_connect(url) as socket:
        answer = await say(socket, text)
        assert answer is not None
        assert answer["problem"]["code"] == code
    assert network.backend.calls == []


async def test_a_flood_of_requests_is_cut_off(network: Network) -> None:
    network.backend.hold("survey")
    async with raw(network) as (session, url), session.ws_connect(url) as socket:
        for number in range(1, 70):
            await socket.send_str(request_text(ops.SURVEY, number, ops.Nothing()))
        assert (await socket.receive()).type is not aiohttp.WSMsgType.TEXT
        network.backend.gates["survey"].set()
    assert len(network.backend.calls) <= 64


async def test_the_hub_passes_no_more_on_than_an_agent_takes(network: Network) -> None:
    gate = network.backend.hold("survey")
    async with network.joined("hub") as host:
        asked = [asyncio.ensure_future(host.survey()) for _ in range(70)]
        await until(lambda: any(each.done() for each in asked))
        gate.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in answers if isinstance(each, HostError)]
    assert {each.code for each in refused} == {"host.busy"}
    assert 0 < len(refused) <= 11
