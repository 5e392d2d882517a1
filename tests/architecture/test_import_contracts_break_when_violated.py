"""Each import contract of pyproject.toml, on a small tree that keeps it and then does not."""

from __future__ import annotations

import shutil
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.project import CONTRACTS, LAYERS, ROOT, run

# What the real tree has, and every import that is allowed but comes close to one that is not.
LAWFUL: Final = {
    "orchestrator/__main__.py": "import orchestrator.cli",
    "orchestrator/engine/run.py": "import asyncio\nimport orchestrator.policy",
    "orchestrator/policy/__init__.py": "import orchestrator.errors\nimport orchestrator.shadowcopy",
    "orchestrator/hosts/shop/client.py": "import orchestrator.plugin",
    "orchestrator/hosts/shop/coordinator.py": "import orchestrator.hosts.shop.client",
    "orchestrator/hosts/shop/emulator.py": "import orchestrator.model",
    "providers/shared/rest.py": "import orchestrator.errors",
    "providers/shared/emulation.py": "import orchestrator.plugin",
    "providers/alpha/client.py": "import providers.shared.rest",
    "providers/alpha/mapping.py": "import orchestrator.model.names",
    "providers/alpha/provider.py": "import orchestrator.plugin\nimport providers.alpha.client",
    "providers/alpha/emulator.py": "import providers.shared.emulation",
    "providers/alpha/words.py": "import orchestrator.model",
    "providers/beta/client.py": "",
    "providers/beta/mapping.py": "",
    "providers/beta/provider.py": "import providers.beta.mapping",
    "providers/beta/emulator/faults.py": "",
    "providers/beta/emulator/server.py": "import providers.beta.emulator.faults",
    "orchestrator/model/names.py": "",
}

VIOLATIONS: Final = {
    "a lower layer imports a higher one": (
        "layers",
        "orchestrator/model/names.py",
        "import orchestrator.engine",
    ),
    "a layer imports its neighbour": (
        "layers",
        "orchestrator/hosts/shop/client.py",
        "import orchestrator.engine",
    ),
    "a folder has no place": ("layers", "orchestrator/utils/__init__.py", ""),
    "pure code has a loop": ("pure", "orchestrator/policy/refusals.py", "import asyncio"),
    "pure code has a clock": ("pure", "orchestrator/shadowcopy/machine.py", "from time import monotonic"),
    "pure code logs": ("pure", "orchestrator/model/names.py", "import structlog"),
    "pure code gets at the disk by a detour": ("pure", "orchestrator/errors/__init__.py", "import pathlib"),
    "the orchestrator knows a vendor": (
        "no-providers",
        "orchestrator/engine/run.py",
        "import providers.alpha.provider",
    ),
    "a vendor reaches behind the door": (
        "door",
        "providers/alpha/provider.py",
        "import orchestrator.engine.run",
    ),
    "shared code reaches behind the door": (
        "door",
        "providers/shared/rest.py",
        "from orchestrator import config",
    ),
    "a vendor imports another": ("vendors", "providers/alpha/client.py", "import providers.beta.client"),
    "shared code imports a vendor": ("vendors", "providers/shared/rest.py", "import providers.alpha.words"),
    "a provider imports its emulator": (
        "emulators",
        "providers/alpha/words.py",
        "import providers.alpha.emulator",
    ),
    "a provider imports a part of it": (
        "emulators",
        "providers/beta/client.py",
        "import providers.beta.emulator.faults",
    ),
    "the REST layer imports emulation": (
        "emulators",
        "providers/shared/rest.py",
        "import providers.shared.emulation",
    ),
    "the lab imports an emulator": (
        "emulators",
        "orchestrator/lab/serve.py",
        "import providers.alpha.emulator",
    ),
    "the engine imports an emulated host": (
        "emulators",
        "orchestrator/engine/run.py",
        "from orchestrator.hosts.shop import emulator",
    ),
    "a host imports its own emulator": (
        "emulators",
        "orchestrator/hosts/shop/client.py",
        "import orchestrator.hosts.shop.emulator",
    ),
    "an emulator imports its client": (
        "honest-emulators",
        "providers/alpha/emulator.py",
        "import providers.alpha.client",
    ),
    "an emulator imports the mapping by a detour": (
        "honest-emulators",
        "providers/alpha/emulator.py",
        "import providers.alpha.words\n\n\ndef late():\n    import providers.alpha.provider",
    ),
    "a part of an emulator imports the mapping": (
        "honest-emulators",
        "providers/beta/emulator/server.py",
        "import providers.beta.mapping",
    ),
    "an emulated host imports its client": (
        "honest-emulators",
        "orchestrator/hosts/shop/emulator.py",
        "import orchestrator.hosts.shop.client",
    ),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree that keeps every contract."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in chain.from_iterable(LAYERS):
        if folder != "__main__":
            write(tmp_path, f"orchestrator/{folder}/__init__.py", "")
    for name, text in LAWFUL.items():
        write(tmp_path, name, text)
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    for folder in path.relative_to(tree).parents:
        if folder.parts:
            (tree / folder / "__init__.py").touch()


def test_a_lawful_tree_keeps_every_contract(tree: Path) -> None:
    linted = run("lint-imports", "--no-logo", "--no-cache", cwd=tree)
    assert linted.returncode == 0, linted.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in linted.stdout


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_breaks_its_contract(tree: Path, violation: str) -> None:
    contract_id, name, text = VIOLATIONS[violation]
    write(tree, name, text)
    linted = run("lint-imports", "--no-logo", "--no-cache", "--contract", contract_id, cwd=tree)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert f"{CONTRACTS[contract_id]['name']} BROKEN" in linted.stdout


def test_every_contract_is_seen_to_break() -> None:
    assert {contract_id for contract_id, _, _ in VIOLATIONS.values()} == set(CONTRACTS)
