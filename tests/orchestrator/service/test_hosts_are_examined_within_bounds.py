"""An examination ends, whatever the host or an array does. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator import __version__
from orchestrator.errors import HostError
from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.hosts import CheckStatus
from orchestrator.model.time import Reading
from orchestrator.plugin import Secret
from orchestrator.registry.agents import AgentState, KnownAgent
from orchestrator.registry.connections import Connections
from orchestrator.registry.endpoints import RegisteredArray, RegisteredHost
from orchestrator.registry.plugins import Plugins
from orchestrator.service import host_examination
from orchestrator.service.agent_check import agent_check
from orchestrator.service.host_examination import HostExamination, examine_host
from tests.orchestrator.registry import fakes
from tests.orchestrator.registry.fakes import TOKEN, FakeArray, FakeHost, World

ADDED_AT = datetime(2026, 1, 1, tzinfo=UTC)
HOST = RegisteredHost(
    name="EX01",
    kind="fake-host",
    url="https://ex01",
    secret_ref="env:PEER_TOKEN",
    ca_file=None,
    settings={},
    host_id="host-1",
    host_name="ex01",
    added_at=ADDED_AT,
)
ARRAY = RegisteredArray(
    name="fa-01",
    kind="fake-array",
    url="https://fa-01",
    secret_ref="env:PEER_TOKEN",
    ca_file=None,
    settings={},
    array_id="array-1",
    array_name="fake",
    added_at=ADDED_AT,
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(fakes, "WORLD", World())
    monkeypatch.setenv("PEER_TOKEN", TOKEN)
    return fakes.WORLD


async def examined(host: type[FakeHost] = FakeHost, array: type[FakeArray] = FakeArray) -> HostExamination:
    plugins = Plugins({"fake-array": array}, {"fake-host": host}, (), (), ())
    announced: list[Secret] = []
    return await examine_host(Connections(plugins, announced.append), HOST, [ARRAY])


async def hang() -> None:
    await asyncio.Event().wait()


class HangingArray(FakeArray):
    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        await hang()
        return {}


class HangingHost(FakeHost):
    async def clock(self) -> Reading:
        await hang()
        raise AssertionError


class UnclosableHost(FakeHost):
    async def close(self) -> None:
        await hang()


class SlowClock(FakeHost):
    asked = 0

    async def clock(self) -> Reading:
        type(self).asked += 1
        await asyncio.sleep(1.5)
        return Reading(datetime.now(UTC) + timedelta(seconds=3), 0.0)


@pytest.mark.virtual_time
async def test_a_host_that_hangs_does_not_answer(world: World) -> None:
    with pytest.raises(HostError) as caught:
        await examined(HangingHost)
    assert caught.value.code == "host.unreachable"
    assert asyncio.get_running_loop().time() == pytest.approx(host_examination.HOST_LIMIT_S, abs=1.0)


@pytest.mark.virtual_time
async def test_an_array_that_hangs_is_one_bad_check(world: World) -> None:
    (check,) = [each for each in (await examined(array=HangingArray)).checks if each.what == "array fa-01"]
    assert check.status is CheckStatus.BAD
    assert "No answer within 30 s" in check.found


@pytest.mark.virtual_time
async def test_a_host_that_cannot_be_left_is_left(world: World) -> None:
    assert (await examined(UnclosableHost)).identity.host_id == "host-1"


@pytest.mark.virtual_time
async def test_a_slow_clock_is_read_less_often(world: World) -> None:
    await examined(SlowClock)
    assert SlowClock.asked == 2


AGENT = KnownAgent(
    agent_id="a-1",
    host_name="ex01",
    fingerprint="00",
    state=AgentState.APPROVED,
    backend="vss",
    version=__version__,
    enrolled_at=ADDED_AT,
    approved_at=ADDED_AT,
    token_id="t-1",
)


@pytest.mark.parametrize(
    ("agent", "status", "says"),
    [
        (AGENT, CheckStatus.GOOD, f"a-1, version {__version__}, approved 2026-01-01."),
        (
            replace(AGENT, version="0.0.9"),
            CheckStatus.WARNING,
            f"version 0.0.9, approved 2026-01-01; ours is {__version__}.",
        ),
        (replace(AGENT, state=AgentState.PENDING, approved_at=None), CheckStatus.BAD, "It is pending"),
    ],
)
def test_an_agent_is_judged_by_its_record(agent: KnownAgent, status: CheckStatus, says: str) -> None:
    check = agent_check(agent)
    assert check.status is status
    assert says in check.found
    assert bool(check.remedy) is (status is not CheckStatus.GOOD)
