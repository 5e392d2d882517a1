"""What is not exactly of the documented form has no effect."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.agent import ops
from orchestrator.hosts.agent.messages import (
    answer_text,
    problem_text,
    read_args,
    read_request_head,
    read_result,
    request_text,
)
from orchestrator.model.time import Reading
from tests.orchestrator.hosts.agent.scripted_backend import a_plan

OPEN: Final[dict[str, Any]] = json.loads(request_text(ops.OPEN, 1, a_plan()))


def read(document: object) -> object:
    text = document if isinstance(document, str) else json.dumps(document)
    return read_args(read_request_head(text), text)


def refusal(document: object) -> str:
    with pytest.raises(HostError) as caught:
        read(document)
    return caught.value.code


def test_a_request_is_read_as_it_was_written() -> None:
    assert read(OPEN) == (ops.OPEN, a_plan())


@pytest.mark.parametrize("op", ops.OPS)
def test_every_op_has_a_name_and_forms(op: str) -> None:
    assert refusal({"version": 1, "request_id": 1, "op": op, "args": 5}) == "agent.malformed"


@pytest.mark.parametrize(
    "change",
    [
        {"op": "inject"},
        {"op": 5},
        {"request_id": 0},
        {"request_id": -1},
        {"request_id": True},
        {"request_id": "1"},
        {"request_id": 2**53},
        {"request_id": 1.5},
        {"args": {}},
        {"args": None},
        {"more": 1},
        {"args": {**OPEN["args"], "fence": "7"}},
        {"args": {**OPEN["args"], "fence": True}},
        {"args": {**OPEN["args"], "more": 1}},
        {"args": {**OPEN["args"], "session_s": "1"}},
        {"args": {**OPEN["args"], "host_volumes": "vol-1"}},
        {"args": {**OPEN["args"], "budgets": {**OPEN["args"]["budgets"], "more": 1}}},
    ],
)
def test_a_request_of_another_form_is_refused(change: dict[str, object]) -> None:
    assert refusal({**OPEN, **change}) == "agent.malformed"


def test_numbers_that_are_none_are_refused() -> None:
    text = json.dumps(OPEN).replace('"session_s": 100.0', '"session_s": NaN')
    assert refusal(text) == "agent.malformed"


@pytest.mark.parametrize("text", ["", "5", "[]", "null", "{", "[" * 100_000, '{"a":' * 100_000, "\x00"])
def test_noise_is_refused(text: str) -> None:
    assert refusal(text) == "agent.malformed"


def test_depth_below_the_arguments_is_refused() -> None:
    deep = '{"version":1,"request_id":1,"op":"identify","args":' + "[" * 1000 + "]" * 1000 + "}"
    assert refusal(deep) == "agent.malformed"


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_is_named(version: int) -> None:
    assert refusal({**OPEN, "version": version, "op": "new"}) == "agent.version"
    with pytest.raises(HostError) as caught:
        read_result(ops.HELLO, json.dumps({"version": version, "request_id": 1, "greeting": "hi"}))
    assert caught.value.code == "agent.version"


def test_a_problem_travels_in_the_words_of_our_tree() -> None:
    text = problem_text(3, HostError("host.busy", "what", subject="who"))
    with pytest.raises(HostError, match="who: what") as caught:
        read_result(ops.HELLO, text)
    assert caught.value.code == "host.busy"


def test_a_problem_of_an_unknown_code_is_a_refusal() -> None:
    text = problem_text(3, HostError("host.busy", "what")).replace("host.busy", "host.new")
    with pytest.raises(HostError) as caught:
        read_result(ops.HELLO, text)
    assert caught.value.code == "host.rejected"


def test_an_error_that_nobody_foresaw_travels_by_its_name_only() -> None:
    assert "pass" not in problem_text(3, ValueError("password"))


@pytest.mark.parametrize("text", ['{"version":1,"request_id":1}', '{"version":1,"request_id":1,"result":5}'])
def test_an_answer_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(HostError) as caught:
        read_result(ops.HELLO, text)
    assert caught.value.code == "agent.malformed"


def test_an_instant_needs_its_offset() -> None:
    clocks = ops.Clocks("life", 1.0, Reading(datetime(2026, 3, 1, tzinfo=UTC), 1.0))
    assert read_result(ops.CLOCK, answer_text(ops.CLOCK, 1, clocks)) == clocks
    naive = replace(clocks, host=Reading(datetime(2026, 3, 1), 1.0))  # noqa: DTZ001 - what is refused
    with pytest.raises(HostError, match="offset"):
        read_result(ops.CLOCK, answer_text(ops.CLOCK, 1, naive))
