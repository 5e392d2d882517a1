"""Damaged messages are refused, and nothing else happens."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given

from orchestrator.errors import HostError
from orchestrator.hosts.agent import ops
from orchestrator.hosts.agent.hub_line import renumbered
from orchestrator.hosts.agent.messages import (
    answer_text,
    problem_text,
    read_args,
    read_request_head,
    read_result,
    request_text,
)
from orchestrator.model.grades import Grade
from tests.fuzzing import damaged, fuzzed
from tests.orchestrator.hosts.agent.scripted_backend import a_plan

pytestmark = pytest.mark.many

KEY: Final = ops.SetKey("set-1", 7)
REQUESTS: Final = (
    request_text(ops.OPEN, 1, a_plan()).encode(),
    request_text(ops.FREEZE, 2, ops.Freeze(KEY, 15.0, "life", 12.5)).encode(),
    request_text(ops.COMPLETE, 3, ops.Completion(KEY, succeeded=True)).encode(),
)
ANSWERS: Final = (
    answer_text(ops.HELLO, 1, ops.Hello("1", "vss", Grade.WRITER_VERIFIED)).encode(),
    problem_text(2, HostError("host.busy", "what")).encode(),
)


@fuzzed
@given(damaged(*REQUESTS))
def test_a_damaged_request_is_read_or_refused(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(HostError):
        op, args = read_args(read_request_head(text), text)
        assert isinstance(args, op.asks)
    with suppress(ValueError, RecursionError):
        renumbered(text, 5)


@fuzzed
@given(damaged(*ANSWERS))
def test_a_damaged_answer_is_read_or_refused(data: bytes) -> None:
    with suppress(HostError):
        assert isinstance(read_result(ops.HELLO, data.decode("utf-8", "replace")), ops.Hello)
