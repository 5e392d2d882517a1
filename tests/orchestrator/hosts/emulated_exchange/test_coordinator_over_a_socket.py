"""Our coordinator and the emulated server, each at its end of a real connection on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts import emulated_exchange
from orchestrator.hosts.emulated_exchange.coordinator import (
    EmulatedExchangeCoordinator,
    EmulatedExchangeSettings,
)
from orchestrator.hosts.emulated_exchange.emulator.server import ExchangeServer
from orchestrator.lab.host import serve_host
from orchestrator.model.hosts import HoldEnd, WriterState
from orchestrator.plugin import HostCoordinator, ProviderContext, Secret
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import (
    DEAD_MAN_S,
    Disks,
    changes,
    fault,
    open_set,
    stricter,
)

pytestmark = pytest.mark.journey


@pytest.fixture
def server(disks: Disks) -> ExchangeServer:
    return ExchangeServer(disks.options(clock_skew_s=90.0))


@pytest.fixture
async def url(server: ExchangeServer) -> AsyncIterator[str]:
    async with serve_host("emulated-exchange", server) as announcement:
        yield announcement["url"]


@pytest.fixture
async def coordinator(server: ExchangeServer, url: str) -> AsyncIterator[EmulatedExchangeCoordinator]:
    coordinator = coordinator_of(url, server.token)
    await coordinator.connect()
    yield coordinator
    await coordinator.close()


def coordinator_of(url: str, token: str) -> EmulatedExchangeCoordinator:
    return EmulatedExchangeCoordinator(
        ProviderContext("exch01", url, Secret(token)), EmulatedExchangeSettings()
    )


async def test_a_good_night_over_the_wire(coordinator: EmulatedExchangeCoordinator, disks: Disks) -> None:
    host_set = await open_set(coordinator, "DB01", "DB02")
    freeze = await host_set.freeze(DEAD_MAN_S)
    assert {one.state for one in freeze.writers} == {WriterState.WAITING_FOR_THAW}
    assert not await changes(disks, 0.02)

    release = await host_set.thaw()

    assert release.hold_ended_by is HoldEnd.RELEASE
    assert freeze.held_at.monotonic_s <= release.released_at.monotonic_s
    assert await changes(disks, 5.0)
    after = await host_set.writer_status()
    assert {one.state for one in after} == {WriterState.WAITING_FOR_BACKUP_COMPLETE}
    assert {one.session_id for one in after} == {host_set.session_id}
    await host_set.complete(succeeded=True)


async def test_the_survey_shows_writers_databases_and_luns(coordinator: EmulatedExchangeCoordinator) -> None:
    identity = await coordinator.identify()
    survey = await coordinator.survey()

    assert identity.emulated
    assert [one.name for one in survey.writers] == ["Microsoft Exchange Writer", "System Writer"]
    assert survey.writers[0].writer_id == "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
    assert [one.caption for one in survey.components if one.selectable] == ["DB01", "DB02"]
    assert survey.components[0].files == (
        "D:\\DB01\\DB01.edb",
        "L:\\DB01\\E00.log",
        "L:\\DB01\\E00*.log",
        "L:\\DB01\\E00.chk",
    )
    luns = {one.mount_points[0]: one.luns[0].lun_id for one in survey.host_volumes}
    assert luns == {"C:\\": "t10.ATA LOCAL DISK 0", "D:\\": "naa.exch-db", "L:\\": "naa.exch-log"}


async def test_the_host_reads_its_own_clock(coordinator: EmulatedExchangeCoordinator) -> None:
    clock = (await coordinator.survey()).clock
    ahead_s = (clock.wall - datetime.now(UTC)).total_seconds()
    assert 85 < ahead_s < 90.1
    assert 0 <= clock.monotonic_s < 60  # counted from the host's own start, unlike ours


async def test_a_wrong_token_is_refused_and_told_to_nobody(server: ExchangeServer, url: str) -> None:
    coordinator = coordinator_of(url, "wrong-token")
    with pytest.raises(HostError) as caught:
        await coordinator.connect()
    await coordinator.close()
    assert caught.value.code == "host.login-failed"
    assert caught.value.__context__ is None  # aiohttp's own error carries the header
    assert server.token not in repr(coordinator.__dict__)


async def test_a_host_that_does_not_answer_is_unreachable(unused_tcp_port: int) -> None:
    coordinator = coordinator_of(f"ws://127.0.0.1:{unused_tcp_port}", "token")
    with pytest.raises(HostError) as caught:
        await coordinator.connect()
    await coordinator.close()
    assert caught.value.code == "host.unreachable"


async def test_the_token_is_not_sent_beyond_loopback() -> None:
    coordinator = coordinator_of("ws://192.0.2.1:80", "token")
    with pytest.raises(BadInput, match="loopback"):
        await coordinator.connect()
    await coordinator.close()


async def test_a_lost_connection_does_not_thaw_and_a_fresh_one_does(
    coordinator: EmulatedExchangeCoordinator, server: ExchangeServer, disks: Disks
) -> None:
    host_set = await open_set(coordinator, "DB01", "DB02")
    await host_set.freeze(DEAD_MAN_S)
    await server.hang_up()
    assert not await changes(disks, 0.02)
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.RELEASE
    assert await changes(disks, 5.0)
    assert len(await host_set.writer_status()) == 2


async def test_a_freeze_whose_answer_is_lost_is_not_repeated_but_can_be_thawed(
    coordinator: EmulatedExchangeCoordinator, server: ExchangeServer, disks: Disks
) -> None:
    await coordinator.inject(fault("freeze-answer-lost"))
    host_set = await open_set(coordinator, "DB01", "DB02")
    freezing = asyncio.create_task(host_set.freeze(DEAD_MAN_S))
    while await changes(disks, 0.02):
        pass
    await server.hang_up()
    with pytest.raises(HostError) as caught:
        await freezing
    assert caught.value.code == "host.gone"
    assert not await changes(disks, 0.02)
    await host_set.thaw()
    assert await changes(disks, 5.0)


async def test_after_a_thaw_that_was_given_up_the_next_one_takes_a_fresh_connection(
    coordinator: EmulatedExchangeCoordinator, disks: Disks
) -> None:
    await coordinator.inject(fault("hangs-on-thaw"))
    host_set = await open_set(coordinator)
    await host_set.freeze(DEAD_MAN_S)
    before = await coordinator._usable_connection()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await host_set.thaw()
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.RELEASE
    assert await coordinator._usable_connection() is not before


async def test_a_set_is_recovered_by_another_process_with_its_fencing_token_only(
    coordinator: EmulatedExchangeCoordinator, server: ExchangeServer, url: str, disks: Disks
) -> None:
    host_set = await open_set(coordinator, fence=7)
    await host_set.freeze(DEAD_MAN_S)
    await coordinator.close()

    other = coordinator_of(url, server.token)
    await other.connect()
    with pytest.raises(HostError) as caught:
        await other.recover("set-1", 6)
    assert caught.value.code == "host.rejected"
    assert not await changes(disks, 0.02)
    await other.recover("set-1", 7)
    await other.recover("unknown", 1)
    assert await changes(disks, 5.0)
    await other.close()


async def test_a_hold_limit_of_the_plan_ends_the_hold_on_the_host(
    coordinator: EmulatedExchangeCoordinator, disks: Disks
) -> None:
    host_set = await open_set(coordinator, budgets=stricter(hold_s=0.1))
    await host_set.freeze(DEAD_MAN_S)
    assert await changes(disks, 5.0)
    report = await host_set.thaw()
    assert report.hold_ended_by is HoldEnd.HOLD_LIMIT
    assert 0.1 <= report.hold_s < 5.0


async def test_a_refusal_arrives_with_its_code_and_words(coordinator: EmulatedExchangeCoordinator) -> None:
    await open_set(coordinator)
    with pytest.raises(HostError, match="0x80042316") as caught:
        await open_set(coordinator, "DB02", set_id="set-2")
    assert caught.value.code == "host.busy"
    assert caught.value.remedy


async def test_an_unknown_fault_is_refused(coordinator: EmulatedExchangeCoordinator) -> None:
    with pytest.raises(HostError, match="knows no such fault"):
        await coordinator.inject(fault("explodes"))


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        json.dumps({"version": 2, "request_id": 1, "op": "identify", "args": {}}),
        json.dumps({"version": 1, "request_id": 1, "op": "format", "args": {}}),
        json.dumps({"version": 1, "request_id": 1, "op": "thaw", "args": {"set_id": "x"}}),
    ],
)
async def test_a_request_that_is_not_understood_is_answered_with_a_problem(
    server: ExchangeServer, url: str, text: str
) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/v1", headers=headers) as socket:
        await socket.send_str(text)
        answer = await socket.receive_json()
    assert answer["problem"]["code"] == "host.rejected"


@pytest.mark.parametrize("text", ["not JSON", '{"version": 2, "request_id": 1}'])
async def test_a_host_that_speaks_another_language_counts_as_gone(text: str) -> None:
    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            await socket.send_str(text)
        return socket

    class Babbler:
        def application(self) -> web.Application:
            application = web.Application()
            application.router.add_get("/v1", serve)
            return application

        def describe(self) -> dict[str, str]:
            return {}

    async with serve_host("babbler", Babbler()) as announcement:
        coordinator = coordinator_of(announcement["url"], "token")
        await coordinator.connect()
        with pytest.raises(HostError) as caught:
            await coordinator.identify()
        await coordinator.close()
    assert caught.value.code == "host.gone"


def test_the_plugin_offers_its_kind() -> None:
    kinds: list[type[HostCoordinator]] = []
    emulated_exchange.register_host_coordinators(kinds.append)
    assert [one.kind for one in kinds] == ["emulated-exchange"]
