from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.errors import ArrayError, HostError
from orchestrator.plugin import ClockSample, ProviderContext, Secret
from orchestrator.registry.probe import probe_array, probe_host
from tests.orchestrator.registry import fakes
from tests.orchestrator.registry.fakes import TOKEN, FakeArray, FakeHost, Settings, World

Make = Callable[[str], tuple[FakeArray, FakeHost]]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(fakes, "WORLD", World())
    return fakes.WORLD


@pytest.fixture
def make(world: World) -> Make:
    def peers(secret: str) -> tuple[FakeArray, FakeHost]:
        context = ProviderContext("peer", "https://peer", Secret(secret))
        return FakeArray(context, Settings()), FakeHost(context, Settings())

    return peers


async def test_an_array_tells_who_it_is_and_what_it_lacks(make: Make, world: World) -> None:
    world.missing_rights = ("snapshot.create",)
    probe = await probe_array("fa-01", make(TOKEN)[0])
    assert (probe.identity.array_id, probe.missing_rights) == ("array-1", ("snapshot.create",))
    assert abs(probe.clock.offset_s - world.skew_s) <= probe.clock.error_s
    assert 0.5 <= probe.clock.error_s < 1.0  # the grain of its clock, and a little
    assert 0 <= probe.round_trip_s < 0.5
    assert world.open_connections == 0


async def test_the_quickest_answer_sets_the_clock_and_the_middle_one_the_round_trip(
    make: Make, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s, delays = 100.0, iter([0.9, 0.2, 0.04, 0.5, 0.3, 0.1, 0.8])
    monkeypatch.setattr("orchestrator.registry.probe.time.monotonic", lambda: now_s)

    async def clock(self: FakeArray) -> ClockSample:
        nonlocal now_s
        now_s += next(delays)
        return ClockSample(datetime.now(UTC) + timedelta(seconds=1))

    monkeypatch.setattr(FakeArray, "clock", clock)
    probe = await probe_array("fa-01", make(TOKEN)[0])
    assert probe.round_trip_s == pytest.approx(0.3)
    assert probe.clock.error_s == pytest.approx(0.02 + 0.5)


async def test_a_host_tells_who_it_is_and_what_it_offers(make: Make, world: World) -> None:
    probe = await probe_host("EX01", make(TOKEN)[1])
    assert (probe.identity.host_id, len(probe.survey.components)) == ("host-1", 2)
    assert probe.clock.offset_s == pytest.approx(world.skew_s, abs=0.5)
    assert world.open_connections == 0


async def test_connections_are_closed_after_a_failure(make: Make, world: World) -> None:
    array, host = make("wrong")
    with pytest.raises(ArrayError, match="wrong secret"):
        await probe_array("fa-01", array)
    assert world.open_connections == 0
    with pytest.raises(HostError, match="wrong secret"):
        await probe_host("EX01", host)
    assert world.open_connections == 0


async def test_who_never_answers_is_given_up(make: Make, world: World) -> None:
    world.hangs = True
    array, host = make(TOKEN)
    with pytest.raises(ArrayError) as array_error:
        await probe_array("fa-01", array, limit_s=0.01)
    with pytest.raises(HostError) as host_error:
        await probe_host("EX01", host, limit_s=0.01)
    assert (array_error.value.code, array_error.value.subject) == ("array.unreachable", "fa-01")
    assert (host_error.value.code, host_error.value.subject) == ("host.unreachable", "EX01")
    assert world.open_connections == 0
