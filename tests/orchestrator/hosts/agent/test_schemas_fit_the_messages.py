"""The published schemas take what we send, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped] # it comes without types
import pytest

from orchestrator.hosts.agent import ops
from orchestrator.hosts.agent.messages import answer_text, problem_text, request_text
from orchestrator.hosts.agent.schemas import schemas
from orchestrator.model.grades import Grade
from tests.orchestrator.hosts.agent.scripted_backend import a_plan, lost


def check(name: str, part: str, text: str) -> None:
    jsonschema.validate({part: json.loads(text)}, schemas()[f"agent-{name}.json"])


def test_there_is_one_for_every_op() -> None:
    assert len(schemas()) == len(ops.OPS)


def test_what_we_send_fits() -> None:
    check("open", "request", request_text(ops.OPEN, 1, a_plan()))
    check("hello", "answer", answer_text(ops.HELLO, 1, ops.Hello("1", "vss", Grade.WRITER_VERIFIED)))
    check("thaw", "answer", problem_text(1, lost()))


@pytest.mark.parametrize("change", [{"fence": "7"}, {"more": 1}])
def test_what_we_refuse_does_not(change: dict[str, Any]) -> None:
    document = json.loads(request_text(ops.OPEN, 1, a_plan()))
    document["args"].update(change)
    with pytest.raises(jsonschema.ValidationError):
        check("open", "request", json.dumps(document))
