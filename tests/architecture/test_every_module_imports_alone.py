"""No module leans on another's having been imported before it."""

from __future__ import annotations

import json
from typing import Final

from tests.architecture.project import our_modules, run

# Forks a child for each module from a parent that has imported nothing of ours. What others made is imported
# beforehand: it is theirs to keep in order, and takes most of the time.
FORKS: Final = """
import contextlib, importlib, json, os, sys, traceback

modules, theirs = json.load(sys.stdin)
for name in theirs:
    importlib.import_module(name)
assert not {name.partition(".")[0] for name in sys.modules} & {"orchestrator", "providers"}
for name in modules:
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            try:
                importlib.import_module(name)
                status = 0
            except BaseException:
                print(f"{name}:\\n{traceback.format_exc()}", flush=True)
        os._exit(status)
    os.waitpid(child, 0)
"""
THEIRS: Final = (
    *("asyncio", "aiohttp.web", "click", "cryptography.hazmat.primitives.serialization", "cryptography.x509"),
    *(
        "pluggy",
        "pydantic.dataclasses",
        "pydantic.json_schema",
        "pydantic.type_adapter",
        "rich",
        "sqlalchemy",
    ),
    *(
        "pydantic.functional_validators",
        "pydantic.plugin._schema_validator",
        "structlog",
        "tenacity",
        "zoneinfo",
    ),
)


def failures(modules: list[str]) -> str:
    forked = run("python", "-c", FORKS, stdin=json.dumps([modules, THEIRS]))
    assert forked.returncode == 0, forked.stderr
    return forked.stdout + forked.stderr


def test_every_module_imports_alone() -> None:
    assert failures(our_modules()) == ""


def test_a_module_that_does_not_import_is_seen() -> None:
    assert "orchestrator.no_such_module:\n" in failures(
        ["orchestrator.errors", "orchestrator.no_such_module"]
    )
