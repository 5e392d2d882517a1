"""The published JSON schemas, made from the records. Run as a module with the folder to write them to."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from orchestrator.evidence.statements import CLAIM_OF_KIND, adapter, predicate_type


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a kind's predicate. Nothing beyond its fields is allowed."""
    schema = adapter(kind).json_schema(mode="serialization")
    for part in (schema, *schema["$defs"].values()):
        if part["type"] == "object":
            part["additionalProperties"] = False
    return schema | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": predicate_type(kind),
        "title": kind,
    }


def write_schemas(folder: Path) -> None:
    """Write one file a kind."""
    for kind in CLAIM_OF_KIND:
        text = json.dumps(schema_of(kind), indent=2, sort_keys=True)
        (folder / f"evidence-{kind}.json").write_text(f"{text}\n", encoding="ascii")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
