"""No module leans on another's having been imported before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from tests.architecture.project import LAYERS, our_modules, run

# A fresh interpreter forks a child for each module, layer by layer from below. What lies below a layer cannot
# import it, so that is imported once, in the parent, as is what others made; both take most of the time.
FORKS: Final = """
import importlib, json, os, sys, traceback

theirs, *layers = json.load(sys.stdin)
for name in theirs:
    importlib.import_module(name)
assert not {name.partition(".")[0] for name in sys.modules} & {"orchestrator", "providers"}
for layer in layers:
    for name in layer:
        child = os.fork()
        if child == 0:
            try:
                importlib.import_module(name)
            except BaseException:
                print(f"{name}:\\n{traceback.format_exc()}", flush=True)
            os._exit(0)
        os.waitpid(child, 0)
    for name in layer:
        try:
            importlib.import_module(name)
        except BaseException:
            pass  # its child has said so
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


def by_layer(modules: Sequence[str]) -> list[list[str]]:
    """Return modules in an order in which each part only imports from the parts before it."""
    folders = [["orchestrator"], *([f"orchestrator.{folder}" for folder in row] for row in reversed(LAYERS))]
    known = [[name for name in modules if _folder(name) in row] for row in [*folders, ["providers.shared"]]]
    return [*known, [name for name in modules if name not in {one for layer in known for one in layer}]]


def _folder(module: str) -> str:
    return ".".join(module.split(".")[:2])


def failures(layers: Sequence[Sequence[str]]) -> str:
    forked = run("python", "-c", FORKS, stdin=json.dumps([THEIRS, *layers]))
    assert forked.returncode == 0, forked.stderr
    return forked.stdout + forked.stderr


def test_every_module_imports_alone() -> None:
    assert failures(by_layer(our_modules())) == ""


def test_every_module_is_tried() -> None:
    modules = our_modules()
    assert sorted(name for layer in by_layer(modules) for name in layer) == sorted(modules)


def test_a_module_that_does_not_import_is_seen() -> None:
    assert "orchestrator.no_such_module:\n" in failures(
        [["orchestrator.errors"], ["orchestrator.no_such_module"]]
    )
