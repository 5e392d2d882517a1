"""Every fault, by name and position, in the vendor's words."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from orchestrator.lab.arrays import ServedArray
from orchestrator.plugin import Fault
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.shared.emulation.faults import INSIDE, ON_THE_WAY
from tests.providers.pure_flasharray.emulator.rest_caller import Answered, ManualClock, RestCaller

CUT = "POST protection-group-snapshots"


@pytest.fixture(autouse=True)
async def pg(admin: RestCaller) -> None:
    await admin.post("protection-groups", names="pg")
    await admin.post("protection-groups/volumes", group_names="pg", member_names="db,log,other")


async def cut(admin: RestCaller, suffix: str = "a") -> Answered:
    return await admin.post("protection-group-snapshots", {"suffix": suffix}, source_names="pg")


async def cuts(admin: RestCaller) -> list[str]:
    return (await admin.get("protection-group-snapshots")).names


async def has_arrived(emulator: FlashArrayEmulator) -> None:
    """Wait until the request for a cut is with the array."""
    for _ in range(100_000):
        if emulator.front.calls.counts[CUT]:
            return
        await asyncio.sleep(0)
    pytest.fail("the request never arrived")


async def has_appeared(admin: RestCaller, name: str) -> int:
    """Wait for a cut and return its time."""
    for _ in range(1000):
        for item in (await admin.get("protection-group-snapshots")).items:
            if item["name"] == name:
                return int(item["created"])
        await asyncio.sleep(0.005)
    pytest.fail(f"{name} never appeared")


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("error-before-effect", 500, "Internal server error."),
        ("server-is-busy", 500, "Server is busy"),
        ("gateway-timeout", 504, "The upstream server is timing out."),
    ],
)
async def test_a_refusal_on_the_way_leaves_everything_as_it_was(
    admin: RestCaller, emulator: FlashArrayEmulator, fault: str, status: int, message: str
) -> None:
    emulator.inject(Fault(fault, CUT))
    answered = await cut(admin)
    assert answered.status == status
    assert answered.body == {"errors": [{"context": "", "message": message}]}
    assert await cuts(admin) == []
    assert (await cut(admin)).status == 200


@pytest.mark.parametrize(
    ("fault", "status"), [("error-after-effect", 500), ("gateway-timeout-after-effect", 504)]
)
async def test_a_refusal_after_the_effect_leaves_a_cut(
    admin: RestCaller, emulator: FlashArrayEmulator, fault: str, status: int
) -> None:
    emulator.inject(Fault(fault, CUT))
    assert (await cut(admin)).status == status
    assert await cuts(admin) == ["pg.a"]


async def test_busy_names_the_time_to_wait_and_comes_before_the_session_is_looked_at(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    emulator.inject(Fault("busy", "POST login"))
    refused = await admin.call("POST", "login", headers={})
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.body == {"message": "API rate limit exceeded."}


async def test_an_answer_lost_before_the_effect_leaves_nothing(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    emulator.inject(Fault("lost-answer-before-effect", CUT))
    with pytest.raises(aiohttp.ClientConnectionError):
        await cut(admin)
    assert await cuts(admin) == []


async def test_an_answer_lost_after_the_effect_leaves_a_cut(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    emulator.inject(Fault("lost-answer-after-effect", CUT))
    with pytest.raises(aiohttp.ClientConnectionError):
        await cut(admin)
    assert await cuts(admin) == ["pg.a"]


async def test_a_late_effect_comes_after_the_connection_is_gone(
    admin: RestCaller, emulator: FlashArrayEmulator, clock: ManualClock
) -> None:
    emulator.inject(Fault("lost-answer-late-effect", CUT, delay_s=0.03))
    asked = asyncio.create_task(cut(admin))
    await has_arrived(emulator)
    clock.at_s += 5
    with pytest.raises(aiohttp.ClientConnectionError):
        await asked
    assert await has_appeared(admin, "pg.a") == clock.now_ms()


async def test_a_late_effect_finds_nothing_to_cut_once_its_group_is_destroyed(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    emulator.inject(Fault("lost-answer-late-effect", CUT, delay_s=0.03))
    with pytest.raises(aiohttp.ClientConnectionError):
        await cut(admin)
    await admin.patch("protection-groups", {"destroyed": True}, names="pg")
    await asyncio.sleep(0.04)
    assert await cuts(admin) == []


async def test_a_late_answer_is_executed_late_also_when_nobody_waits_for_it(
    admin: RestCaller, emulator: FlashArrayEmulator, clock: ManualClock
) -> None:
    emulator.inject(Fault("late-answer", CUT, delay_s=0.03))
    asked = asyncio.create_task(cut(admin))
    await has_arrived(emulator)
    clock.at_s += 5
    asked.cancel()
    await asyncio.wait({asked})
    assert await has_appeared(admin, "pg.a") == clock.now_ms()
    emulator.inject(Fault("late-answer", CUT, delay_s=0.01))
    assert (await cut(admin, "b")).names == ["pg.b"]


async def test_an_expired_session_stays_expired(admin: RestCaller, emulator: FlashArrayEmulator) -> None:
    emulator.inject(Fault("session-expired", CUT))
    assert (await cut(admin)).status == 401
    assert (await admin.get("arrays")).status == 401
    await admin.log_in()
    assert await cuts(admin) == []


async def test_forbidden_is_worded_by_the_gateway(admin: RestCaller, emulator: FlashArrayEmulator) -> None:
    emulator.inject(Fault("forbidden", CUT))
    refused = await cut(admin)
    assert (refused.status, refused.body) == (403, {"message": "Operation is not permitted."})


async def test_half_a_cut_is_answered_like_a_whole_one(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    emulator.inject(Fault("half-cut", CUT))
    assert (await cut(admin)).names == ["pg.a"]
    assert (await admin.get("volume-snapshots", sort="name")).names == ["pg.a.db", "pg.a.log"]


async def test_members_may_say_different_instants(admin: RestCaller, emulator: FlashArrayEmulator) -> None:
    emulator.inject(Fault("unequal-created", CUT))
    made = (await cut(admin)).items[0]["created"]
    members = (await admin.get("volume-snapshots")).items
    assert [item["created"] - made for item in members] == [0, 1, 2]


async def test_a_fault_strikes_at_its_position_or_every_time(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    emulator.inject(Fault("error-before-effect", "GET arrays", position=2))
    emulator.inject(Fault("forbidden", "GET controllers", position=0))
    assert [(await admin.get("arrays")).status for _ in range(3)] == [200, 500, 200]
    assert [(await admin.get("controllers")).status for _ in range(3)] == [403, 403, 403]


@pytest.mark.parametrize("fault", sorted(ON_THE_WAY | INSIDE))
async def test_the_array_survives_every_fault(
    admin: RestCaller, emulator: FlashArrayEmulator, fault: str
) -> None:
    emulator.inject(Fault(fault, "*"))
    try:
        await admin.get("arrays")
    except aiohttp.ClientConnectionError:
        assert fault.startswith("lost-answer")
    assert (await admin.log_in()).status == 200
    assert (await admin.get("arrays")).status == 200


async def test_stopping_does_not_wait_for_what_was_to_happen_late(
    served: ServedArray, admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    emulator.inject(Fault("lost-answer-late-effect", CUT, delay_s=3600))
    with pytest.raises(aiohttp.ClientConnectionError):
        await cut(admin)


async def test_latency_is_waited_before_the_effect(
    admin: RestCaller, emulator: FlashArrayEmulator, clock: ManualClock
) -> None:
    emulator.front.latency_s = 0.03
    asked = asyncio.create_task(cut(admin))
    await has_arrived(emulator)
    clock.at_s += 5
    assert (await asked).items[0]["created"] == clock.now_ms()


async def test_the_emulator_counts_what_reached_it(admin: RestCaller, emulator: FlashArrayEmulator) -> None:
    await cut(admin)
    await cut(admin)
    log = emulator.front.calls.as_data()
    assert log["counts"][CUT] == 2
    assert [entry["status"] for entry in log["calls"] if entry["call"] == CUT] == [200, 400]


async def test_the_lab_is_controlled_over_http_with_its_key(
    served: ServedArray, admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    control = served.announcement()["control"]
    headers = {"X-Lab-Key": control["key"]}

    async def ask(method: str, name: str, body: object = None) -> tuple[int, dict[str, object]]:
        async with admin.session.request(
            method, f"{control['url']}/{name}", json=body, headers=headers
        ) as response:
            return response.status, await response.json()

    assert (await ask("POST", "faults", {"name": "forbidden", "call": CUT, "position": 0}))[0] == 200
    assert (await cut(admin)).status == 403
    assert (await ask("DELETE", "faults"))[0] == 200
    assert (await cut(admin)).status == 200
    assert await ask("POST", "admin-cut", {"volume": "db", "suffix": "x"}) == (200, {"name": "db.x"})
    _, replicas = await ask("GET", "replicas")
    assert replicas == {
        name: str(emulator.replica_path(name)) for name in ("pg.a.db", "pg.a.log", "pg.a.other", "db.x")
    }
    _, calls = await ask("GET", "calls")
    assert calls == emulator.front.calls.as_data()
    assert (await ask("POST", "clock", {"skew_s": 5}))[0] == 200
    assert (await ask("POST", "latency", {"latency_s": 0.001}))[0] == 200
    assert (emulator.front.clock.skew_s, emulator.front.latency_s) == (5, 0.001)
    for name, body in (
        ("faults", {"name": "no-such"}),
        ("faults", {"nome": "busy"}),
        ("admin-cut", {"volume": "gone", "suffix": "x"}),
        ("admin-cut", {}),
        ("latency", {"latency_s": -1}),
    ):
        assert (await ask("POST", name, body))[0] == 400, (name, body)
    headers = {"X-Lab-Key": "guessed"}
    assert (await ask("GET", "calls"))[0] == 403
    headers = {}
    assert (await ask("GET", "calls"))[0] == 403
