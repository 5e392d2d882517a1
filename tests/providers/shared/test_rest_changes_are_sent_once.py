"""What `RestArray.change` does when no answer comes, and when the session is gone."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.errors import ArrayAnswerLost, ArrayBusy, ArrayError, ArrayRejected, CutNotAuthorised
from orchestrator.lab.certificates import LabCertificates
from providers.shared.rest import Patience, RestArray
from tests.providers.shared.rest_server import (
    SESSION,
    Reply,
    ScriptedArray,
    connected,
    hangs_up,
    never_answers,
    rest_array,
    says,
    serving,
)


async def test_a_change_sends_its_body_as_json(array: ScriptedArray, rest: RestArray) -> None:
    await rest.change("PATCH", "/things", {"names": "a"}, {"destroyed": True})
    assert array.requests == ["PATCH /things?names=a"]
    assert array.bodies == [b'{"destroyed": true}']


# DELETE is here because the HTTP library would repeat it by itself: it counts as idempotent.
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("reply", [hangs_up, says(502), says(504)])
async def test_a_change_without_an_answer_is_lost_and_never_repeated(
    array: ScriptedArray, rest: RestArray, method: str, reply: Reply
) -> None:
    array.will(reply)
    connections = array.connections
    with pytest.raises(ArrayAnswerLost):
        await rest.change(method, "/things")
    assert array.requests == [f"{method} /things"]
    assert array.connections == connections


async def test_a_change_that_is_not_answered_in_time_is_lost_and_never_repeated(
    array: ScriptedArray, ca: LabCertificates
) -> None:
    async with connected(array.port, ca.ca_file, Patience(change_s=0.03)) as rest:
        array.requests.clear()
        array.will(never_answers)
        with pytest.raises(ArrayAnswerLost):
            await rest.change("POST", "/things")
    assert array.requests == ["POST /things"]


async def test_a_busy_array_is_not_asked_to_change_something_twice(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(says(503, Retry_After="0"))
    with pytest.raises(ArrayBusy):
        await rest.change("POST", "/things")
    assert array.requests == ["POST /things"]


async def test_a_change_that_never_left_is_not_lost(ca: LabCertificates) -> None:
    async with serving(ca.server) as array:
        rest = rest_array(array.port, ca.ca_file)
        await rest.open()
        await rest.log_in()
        array.transports[0].abort()
        await asyncio.sleep(0.01)
    with pytest.raises(ArrayError) as caught:
        await rest.change("POST", "/things")
    await rest.close()
    assert caught.value.code == "array.unreachable"


async def test_a_lost_log_in_is_no_lost_change(array: ScriptedArray, ca: LabCertificates) -> None:
    rest = rest_array(array.port, ca.ca_file)
    await rest.open()
    array.login = hangs_up
    with pytest.raises(ArrayError) as caught:
        await rest.log_in()
    await rest.close()
    assert caught.value.code == "array.unreachable"


async def test_a_session_that_ended_is_renewed_and_the_change_sent_once_more(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.login = says(200, X_Session="fresh")
    array.will(says(401), says(200))
    await rest.change("POST", "/things")
    assert array.requests == ["POST /things", "POST /login", "POST /things"]
    assert array.sessions == [SESSION, "", "fresh"]


async def test_a_session_is_renewed_once_and_not_for_ever(array: ScriptedArray, rest: RestArray) -> None:
    array.will(*[says(401)] * 9)
    with pytest.raises(ArrayRejected) as caught:
        await rest.read("/things")
    assert caught.value.code == "array.login-failed"
    assert array.requests == ["GET /things", "POST /login", "GET /things"]


async def test_a_secret_that_is_refused_is_not_tried_again(array: ScriptedArray, rest: RestArray) -> None:
    array.login = says(401)
    array.will(says(401))
    with pytest.raises(ArrayRejected) as caught:
        await rest.change("POST", "/things")
    assert caught.value.code == "array.login-failed"
    assert array.requests == ["POST /things", "POST /login"]


async def test_two_requests_that_find_the_session_gone_log_in_once(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(says(401), says(401))
    await asyncio.gather(rest.read("/a"), rest.read("/b"))
    assert array.count("POST /login") == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/cuts"), ("post", "/CUTS/"), ("POST", "/cuts?of=g"), ("DELETE", "/mirrors")],
)
async def test_a_request_that_cuts_has_no_way_to_the_array_but_as_a_cut(
    array: ScriptedArray, rest: RestArray, method: str, path: str
) -> None:
    for send in (rest.change, rest.anonymous, rest.log_out):
        with pytest.raises(CutNotAuthorised):
            await send(method, path)
    assert array.requests == []


async def test_a_cancelled_change_lets_the_cancellation_through(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(never_answers)
    change = asyncio.create_task(rest.change("POST", "/things"))
    await asyncio.sleep(0.02)
    change.cancel()
    with pytest.raises(asyncio.CancelledError):
        await change
    assert array.requests == ["POST /things"]
