from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are published apart

from orchestrator.cli.ese_reference import page, schema_of
from orchestrator.cli.ese_result import SCHEMA
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.cli.ese_files import database, flip, write_logs, write_set

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def validator() -> Draft202012Validator:
    """Return that of the published schema, which a test elsewhere holds to be current."""
    schema = json.loads((REFERENCE / "schemas" / "ese-check.json").read_text(encoding="ascii"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_good_and_bad_answers_fit(quiesce: Quiesce, tmp_path: Path) -> None:
    damaged = database()
    flip(damaged, 7, 8 * 100)
    flip(damaged, 8, 8 * 100, 8 * 200)
    write_set(tmp_path / "damaged", damaged)
    write_set(tmp_path / "sound")
    write_logs(tmp_path / "logs")
    (tmp_path / "none").mkdir()
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "DB01.edb").write_bytes(b"\x07" * 70_000)
    for folder, status in (("sound", 0), ("damaged", 5), ("logs", 0), ("none", 5), ("noise", 5)):
        ended = quiesce("ese", "check", str(tmp_path / folder), "--json")
        assert (ended.status, ended.document["schema"]) == (status, SCHEMA), folder
        validator().validate(ended.result)


def test_a_field_more_or_less_does_not_fit(quiesce: Quiesce, tmp_path: Path) -> None:
    result = quiesce("ese", "check", str(write_set(tmp_path)), "--json").result
    assert validator().is_valid(result)
    assert not validator().is_valid(result | {"verified": True})
    assert not validator().is_valid({key: result[key] for key in result if key != "verdict"})
    assert not validator().is_valid(result | {"verdict": "fine"})
    (one,) = result["databases"]
    assert not validator().is_valid(result | {"databases": [one | {"pages": {}}]})


@pytest.mark.parametrize("part", ["CheckResult", *schema_of()["$defs"]])
def test_every_part_and_field_is_explained(part: str) -> None:
    schema = schema_of() if part == "CheckResult" else schema_of()["$defs"][part]
    if "properties" in schema:
        (told,) = (one for one in page().split("\n## ") if one.startswith(f"{part}\n"))
        assert [key for key in schema["properties"] if f"| `{key}` |" not in told] == []
