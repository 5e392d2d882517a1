"""What `RestArray.cut` refuses, and that it never connects, logs in or repeats."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrator.errors import (
    ArrayAnswerLost,
    ArrayBusy,
    ArrayError,
    ArrayRejected,
    CutNotAuthorised,
    Refused,
)
from orchestrator.lab.certificates import LabCertificates
from orchestrator.model.budgets import Budgets
from orchestrator.plugin import CutToken
from providers.shared.rest import RestArray
from tests.providers.shared.rest_server import (
    Reply,
    ScriptedArray,
    TestToken,
    hangs_up,
    never_answers,
    rest_array,
    says,
)


async def cut(rest: RestArray, token: CutToken | None = None, path: str = "/cuts") -> object:
    """Cut with a live token, if none is given."""
    return (await rest.cut("POST", path, {"of": "g"}, token=token or TestToken(), array_id="id-a")).body


async def test_a_cut_is_one_request_on_a_connection_that_is_open_already(
    array: ScriptedArray, rest: RestArray
) -> None:
    connections = array.connections
    array.will(says(200, {"items": ["cut"]}))
    assert await cut(rest) == {"items": ["cut"]}
    assert array.requests == ["POST /cuts?of=g"]
    assert array.connections == connections


@pytest.mark.parametrize("not_a_token", [None, "token", True, object()])
async def test_a_cut_without_a_token_sends_nothing(
    array: ScriptedArray, rest: RestArray, not_a_token: Any
) -> None:
    with pytest.raises(CutNotAuthorised):
        await rest.cut("POST", "/cuts", token=not_a_token, array_id="id-a")
    assert array.requests == []


async def test_a_cut_with_a_dead_token_sends_nothing(array: ScriptedArray, rest: RestArray) -> None:
    token = TestToken()
    await cut(rest, token)
    array.requests.clear()
    with pytest.raises(CutNotAuthorised):
        await cut(rest, token)
    with pytest.raises(CutNotAuthorised):
        await cut(rest, TestToken(arrays=["another"]))
    assert array.requests == []


async def test_what_is_not_a_cut_is_not_sent_as_one(array: ScriptedArray, rest: RestArray) -> None:
    token = TestToken()
    with pytest.raises(CutNotAuthorised):
        await cut(rest, token, path="/cuts/test")
    assert array.requests == []
    assert token.unspent == {"id-a"}


def test_nobody_but_the_engine_defines_a_token() -> None:
    with pytest.raises(TypeError, match=r"orchestrator\.engine\.token"):

        class Forged(CutToken):
            def spend(self, array_id: str) -> None: ...


async def test_a_cut_on_a_connection_that_the_array_has_closed_neither_connects_nor_repeats(
    array: ScriptedArray, rest: RestArray
) -> None:
    connections = array.connections
    await array.close_connections()
    with pytest.raises(Refused) as caught:
        await cut(rest)
    assert caught.value.code == "policy.connection-not-proven"
    assert array.requests == []
    assert array.connections == connections


async def test_a_cut_whose_connection_closes_under_it_is_lost_and_not_repeated(
    array: ScriptedArray, rest: RestArray
) -> None:
    connections = array.connections
    array.will(hangs_up)
    with pytest.raises(ArrayAnswerLost):
        await cut(rest)
    assert array.requests == ["POST /cuts?of=g"]
    assert array.connections == connections


async def test_a_cut_by_an_idempotent_method_is_not_repeated_by_the_http_library(
    array: ScriptedArray, rest: RestArray
) -> None:
    connections = array.connections
    array.will(hangs_up)
    with pytest.raises(ArrayAnswerLost):
        await rest.cut("DELETE", "/mirrors", token=TestToken(), array_id="id-a")
    assert array.requests == ["DELETE /mirrors"]
    assert array.connections == connections


async def test_a_cut_before_anything_was_proven_sends_nothing(
    array: ScriptedArray, ca: LabCertificates
) -> None:
    rest = rest_array(array.port, ca.ca_file)
    with pytest.raises(ArrayError):
        await cut(rest)
    await rest.open()
    with pytest.raises(Refused) as caught:
        await cut(rest)
    await rest.close()
    assert caught.value.code == "policy.connection-not-proven"
    assert array.connections == 0


async def test_a_cut_on_a_proof_that_is_too_old_sends_nothing(
    array: ScriptedArray, rest: RestArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.shared.rest.array.DEFAULT_BUDGETS", Budgets(warm_s=0.01))
    await asyncio.sleep(0.02)
    with pytest.raises(Refused) as caught:
        await cut(rest)
    assert caught.value.code == "policy.connection-not-proven"
    assert array.requests == []


async def test_a_refused_answer_proves_no_connection(array: ScriptedArray, ca: LabCertificates) -> None:
    rest = rest_array(array.port, ca.ca_file)
    await rest.open()
    array.will(says(400), says(400))
    for _ in range(2):
        with pytest.raises(ArrayRejected):
            await rest.anonymous("GET", "/versions")
    with pytest.raises(Refused):
        await cut(rest)
    await rest.close()
    assert array.requests == ["GET /versions"] * 2


async def test_a_cut_does_not_wait_for_a_connection_that_is_in_use(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(never_answers, never_answers)
    others = [asyncio.create_task(rest.read(f"/slow{n}")) for n in range(2)]
    await asyncio.sleep(0.02)
    with pytest.raises(Refused):
        async with asyncio.timeout(0.05):
            await cut(rest)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    assert array.count("POST /cuts?of=g") == 0


async def test_a_clock_reading_under_way_is_not_in_the_way_of_a_cut(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(never_answers)
    reading = asyncio.create_task(rest.read("/clock"))
    await asyncio.sleep(0.02)
    await cut(rest)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (says(429), ArrayBusy, "array.busy"),
        (says(503, Retry_After="0"), ArrayBusy, "array.busy"),
        (says(401), ArrayRejected, "array.login-failed"),
        (says(403), ArrayRejected, "array.not-permitted"),
        (says(502), ArrayAnswerLost, "array.answer-lost"),
        (says(504), ArrayAnswerLost, "array.answer-lost"),
        (says(307, Location="/cuts"), ArrayError, "array.bad-answer"),
    ],
)
async def test_nothing_is_repeated_renewed_or_followed_in_a_cut(
    array: ScriptedArray, rest: RestArray, reply: Reply, error: type[ArrayError], code: str
) -> None:
    array.will(reply)
    with pytest.raises(error) as caught:
        await cut(rest)
    assert caught.value.code == code
    assert array.requests == ["POST /cuts?of=g"]


async def test_the_engines_deadline_ends_a_cut_that_gets_no_answer(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(never_answers)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await cut(rest)
    assert array.requests == ["POST /cuts?of=g"]
