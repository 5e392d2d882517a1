"""The protocol as JSON schemas, for whoever writes an agent of their own or reads a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from orchestrator.hosts.agent.messages import VERSION, answer_form, request_form
from orchestrator.hosts.agent.ops import OPS, Op


def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Return the schema of the request and of the answer of every op, by file name."""
    return {f"agent-{op.name}.json": _schema_of(op) for op in OPS.values()}


def _schema_of(op: Op[Any, Any]) -> Mapping[str, Any]:
    request, answer = request_form(op), answer_form(op)
    places, whole = models_json_schema(
        [(request, "validation"), (answer, "serialization")],
        title=f"Agent protocol {VERSION}: {op.name}",
        description="What the orchestrator sends (request) and what the agent answers.",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "type": "object",
        "properties": {
            "request": places[(request, "validation")],
            "answer": places[(answer, "serialization")],
        },
    }
