"""Through the hub and by dialling: the same questions, the same answers, over real TLS on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.agent.hub import AgentHub
from orchestrator.hosts.agent.hub_serving import serve_hub
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import HoldEnd
from tests.orchestrator.hosts.agent.network import Network, coordinator, until
from tests.orchestrator.hosts.agent.scripted_backend import SESSION, a_plan, lost

pytestmark = pytest.mark.journey  # real sockets, and waiting for them

WAYS = pytest.mark.parametrize("way", ["hub", "listen"])


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path)


@WAYS
async def test_a_set_goes_its_way(network: Network, way: str) -> None:
    async with network.joined(way) as host:
        assert host.ceiling is Grade.AGENT_QUIESCED
        assert (await host.identify()).host_id == "host-1"
        assert (await host.survey()).writers == ()
        assert [check.what for check in await host.examine()] == ["clock"]
        made = await host.open(a_plan())
        assert made.session_id == SESSION
        await made.freeze(15.0)
        assert network.backend.frozen
        assert (await made.thaw()).hold_ended_by is HoldEnd.RELEASE
        assert [each.session_id for each in await made.writer_status()] == [SESSION]
        again = await host.resume("set-1", 7)
        first = await again.complete(succeeded=True)
        assert await made.complete(succeeded=True) == first
        await made.abort()
        await host.recover("set-2", 7)
    assert network.backend.told == [True]


@WAYS
async def test_the_clock_is_measured_with_an_error(network: Network, way: str) -> None:
    async with network.joined(way) as host:
        assert host.clock_offset is not None
        assert abs(host.clock_offset.offset_s) <= host.clock_offset.error_s + 0.001
        assert (await host.clock()).wall.tzinfo is not None


@WAYS
async def test_what_the_host_says_arrives_as_it_was_said(network: Network, way: str) -> None:
    network.backend.fails["open"] = lost()
    network.backend.fails["survey"] = RuntimeError("with a secret in it")
    async with network.joined(way) as host:
        with pytest.raises(HostError, match="exch01: as the test wants it") as caught:
            await host.open(a_plan())
        assert caught.value.code == "host.writer-failed"
        with pytest.raises(HostError, match="RuntimeError") as caught:
            await host.survey()
        assert "secret" not in str(caught.value)


@WAYS
async def test_a_thaw_overtakes_a_freeze_that_hangs(network: Network, way: str) -> None:
    gate = network.backend.hold("freeze")
    async with network.joined(way) as host:
        made = await host.open(a_plan())
        freezing = asyncio.ensure_future(made.freeze(15.0))
        await network.backend.reached["freeze"].wait()
        await made.thaw()
        assert not network.backend.frozen
        gate.set()
        await freezing


async def test_many_callers_ask_one_agent_at_once(network: Network) -> None:
    async with network.joined("hub") as host:
        other = network.through_hub()
        await other.connect()
        answers = await asyncio.gather(*(each.identify() for each in (host, other) * 20))
        assert {each.host_id for each in answers} == {"host-1"}
        await other.close()


async def test_the_hub_notes_who_came_and_which_host_it_is(network: Network) -> None:
    async with network.joined("hub"):
        await until(lambda: bool(network.pins.hosts))
    assert network.pins.came == [("agent-1", "1.2.3")]
    assert network.pins.hosts == {"agent-1": "host-1"}


async def test_an_agent_that_is_away_is_named(network: Network) -> None:
    async with network.hub_running():
        host = network.through_hub("agent-7")
        with pytest.raises(HostError, match="not connected") as caught:
            await host.connect()
        assert caught.value.code == "host.unreachable"
        await host.close()


async def test_a_hub_that_does_not_run_is_named(network: Network) -> None:
    host = network.through_hub()
    with pytest.raises(HostError, match="quiesce agent hub"):
        await host.connect()
    await host.close()


async def test_one_installation_has_one_hub_and_a_dead_one_does_not_count(network: Network) -> None:
    async with network.hub_running():
        assert await asyncio.to_thread(lambda: network.socket.stat().st_mode & 0o777) == 0o600
        with pytest.raises(Exception, match="A hub answers there already"):
            async with network.hub_running():
                pass
        assert await asyncio.to_thread(network.socket.exists)
    assert not await asyncio.to_thread(network.socket.exists)


async def test_a_path_that_no_socket_can_have_is_refused(network: Network) -> None:
    path = network.folder / ("x" * 120)
    with pytest.raises(BadInput, match="107"):
        async with serve_hub(AgentHub(network.pins), network.certificates.hub, "127.0.0.1", 0, path):
            pass


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("https://127.0.0.1:1", {}),
        ("http://127.0.0.1:1", {"fingerprint": "0" * 64}),
        ("wss://127.0.0.1:1", {"fingerprint": "0" * 64}),
    ],
)
def test_an_address_that_does_not_fit_is_refused(url: str, settings: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        coordinator(url, None, **settings)
