"""The JSON schemas in the documentation: those of this code, and true of real records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are published apart

from orchestrator.evidence.schemas import write_schemas
from tests.orchestrator.evidence.conftest import Files
from tests.orchestrator.evidence.sample_records import payload_of

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "schemas"


def test_the_committed_schemas_are_those_of_the_code(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in PUBLISHED.glob("evidence-*.json")}
    assert made == committed, "run: python -m orchestrator.evidence.schemas docs/reference/schemas"


def validator(statement: Any) -> Draft202012Validator:
    """Return the published schema's validator for a statement's predicate."""
    kind = statement["predicateType"].split(":")[3]
    schema = json.loads((PUBLISHED / f"evidence-{kind}.json").read_text())
    assert schema["$id"] == statement["predicateType"]
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("which", range(4))
def test_a_real_record_fits_its_schema(night: Files, which: int) -> None:
    statement = json.loads(payload_of(night[which][1]))
    validator(statement).validate(statement["predicate"])


@pytest.mark.parametrize("which", range(4))
def test_a_field_more_or_less_does_not_fit(night: Files, which: int) -> None:
    statement = json.loads(payload_of(night[which][1]))
    predicate = statement["predicate"]
    assert not validator(statement).is_valid(predicate | {"verified": True})
    assert not validator(statement).is_valid(predicate | {"claim": predicate["claim"] | {"verified": True}})
    assert not validator(statement).is_valid({"origin": predicate["origin"], "claim": predicate["claim"]})
    assert not validator(statement).is_valid(predicate | {"origin": predicate["origin"] | {"attempt": "1"}})
