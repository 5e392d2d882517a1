"""What `RestArray.read` does about an array that is busy, slow, out of reach, or talks nonsense."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.errors import ArrayBusy, ArrayError, ArrayRejected
from orchestrator.lab.certificates import LabCertificates
from providers.shared.rest import Answer, Patience, RestArray
from tests.providers.shared.rest_server import (
    Reply,
    ScriptedArray,
    hangs_up,
    never_answers,
    rest_array,
    says,
    serving,
    writes,
)


async def test_a_read_brings_the_answer_with_status_headers_and_json(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(says(200, {"items": [1]}, X_Note="n"))
    answer = await rest.read("/things", {"filter": "name='a.*'", "names": "a,b"})
    assert (answer.status, answer.body, answer.headers["x-note"]) == (200, {"items": [1]}, "n")
    assert array.requests == ["GET /things?filter=name%3D'a.*'&names=a,b"]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_array_is_asked_again_until_it_answers(
    array: ScriptedArray, rest: RestArray, status: int
) -> None:
    array.will(says(status), says(status), says(200, {"items": ["late"]}))
    assert (await rest.read("/things")).body == {"items": ["late"]}
    assert array.count("GET /things") == 3


async def test_a_read_is_sent_at_most_three_times(array: ScriptedArray, rest: RestArray) -> None:
    array.will(*[says(503)] * 9)
    with pytest.raises(ArrayBusy):
        await rest.read("/things")
    assert array.count("GET /things") == 3


@pytest.mark.parametrize("reply", [hangs_up, says(502), says(504)])
async def test_a_lost_answer_to_a_read_is_asked_for_again(
    array: ScriptedArray, rest: RestArray, reply: Reply
) -> None:
    array.will(reply, says(200, {"items": ["there"]}))
    assert (await rest.read("/things")).body == {"items": ["there"]}


@pytest.mark.parametrize(
    ("headers", "advice"),
    [
        ({"Retry_After": "60"}, 60),
        ({"RateLimit_Reset": "60"}, 60),
        ({"Date": "Mon, 02 Mar 2026 02:30:00 GMT", "Retry_After": "Mon, 02 Mar 2026 02:31:00 GMT"}, 60),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
async def test_the_arrays_advice_is_carried_and_not_waited_for_when_it_is_longer_than_our_patience(
    array: ScriptedArray, rest: RestArray, headers: dict[str, str], advice: float | None
) -> None:
    array.will(*[says(503, **headers)] * 3)
    with pytest.raises(ArrayBusy) as caught:
        await rest.read("/things")
    assert caught.value.retry_after_s == advice
    assert array.count("GET /things") == (3 if advice is None else 1)


@pytest.mark.parametrize(
    "patience",
    [Patience(attempt_s=0.01, attempts=3, first_wait_s=0.001), Patience(attempt_s=60, total_s=0.05)],
    ids=["by the limit of each attempt", "by the limit of all"],
)
async def test_an_array_that_never_answers_is_given_up_in_bounded_time(
    array: ScriptedArray, ca: LabCertificates, patience: Patience
) -> None:
    rest = rest_array(array.port, ca.ca_file, patience=patience)
    await rest.open()
    array.will(*[never_answers] * 9)
    async with asyncio.timeout(1):
        with pytest.raises(ArrayError) as caught:
            await rest.anonymous("GET", "/versions")
    await rest.close()
    assert caught.value.code == "array.unreachable"


async def test_a_cancelled_read_lets_the_cancellation_through_and_is_not_repeated(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(never_answers)
    read = asyncio.create_task(rest.read("/things"))
    await asyncio.sleep(0.02)
    read.cancel()
    with pytest.raises(asyncio.CancelledError):
        await read
    assert array.requests == ["GET /things"]


async def test_an_array_that_is_not_there_is_unreachable(ca: LabCertificates) -> None:
    async with serving(ca.server) as gone:
        port = gone.port
    rest = rest_array(port, ca.ca_file)
    await rest.open()
    with pytest.raises(ArrayError) as caught:
        await rest.log_in()
    await rest.close()
    assert caught.value.code == "array.unreachable"
    assert caught.value.subject == "array-a"


async def test_a_body_that_is_not_json_is_a_bad_answer_and_not_asked_for_again(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(writes("<html>"))
    with pytest.raises(ArrayError) as caught:
        await rest.read("/things")
    assert caught.value.code == "array.bad-answer"
    assert array.count("GET /things") == 1


async def test_json_that_is_nested_without_end_is_a_bad_answer(array: ScriptedArray, rest: RestArray) -> None:
    array.will(writes("[" * 200_000))
    with pytest.raises(ArrayError) as caught:
        await rest.read("/things")
    assert caught.value.code == "array.bad-answer"


async def test_a_redirect_is_not_followed(array: ScriptedArray, rest: RestArray) -> None:
    array.will(says(307, Location="/elsewhere"))
    with pytest.raises(ArrayError) as caught:
        await rest.read("/things")
    assert caught.value.code == "array.bad-answer"
    assert array.requests == ["GET /things"]


async def test_a_refusal_carries_the_vendors_words(array: ScriptedArray, rest: RestArray) -> None:
    array.will(says(400, "Volume does not exist."))
    with pytest.raises(ArrayRejected, match=r"Volume does not exist\.") as caught:
        await rest.read("/things")
    assert caught.value.vendor_code == "400"
    assert array.count("GET /things") == 1


async def test_a_missing_right_has_its_own_code(array: ScriptedArray, rest: RestArray) -> None:
    array.will(says(403, "readonly"))
    with pytest.raises(ArrayRejected, match="lacks a right: readonly") as caught:
        await rest.read("/things")
    assert caught.value.code == "array.not-permitted"


async def test_pages_follow_one_another_to_the_last(array: ScriptedArray, rest: RestArray) -> None:
    array.will(says(200, {"items": [1], "next": "2"}), says(200, {"items": [2], "next": "3"}))
    bodies = [page.body async for page in rest.pages("/things", {"sort": "name"})]
    assert len(bodies) == 3
    assert array.requests == [
        "GET /things?sort=name",
        "GET /things?sort=name&page=2",
        "GET /things?sort=name&page=3",
    ]


async def test_pages_that_lead_round_in_a_circle_are_a_bad_answer(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(*[says(200, {"items": [1], "next": "2"})] * 5)
    with pytest.raises(ArrayError) as caught:
        _ = [page async for page in rest.pages("/things")]
    assert caught.value.code == "array.bad-answer"
    assert array.count("GET /things?page=2") == 1


async def test_an_emulator_is_known_by_its_own_word(array: ScriptedArray, rest: RestArray) -> None:
    assert not rest.emulated
    array.will(says(200, X_Quiesce_Emulator="1"))
    await rest.read("/things")
    await rest.read("/things")
    assert rest.emulated


def test_retry_advice_of_the_past_is_no_wait() -> None:
    later, earlier = "Mon, 02 Mar 2026 02:31:00 GMT", "Mon, 02 Mar 2026 02:30:00 GMT"
    assert Answer(503, {"date": later, "retry-after": earlier}).retry_after_s == 0
