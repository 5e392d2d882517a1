"""What users install: everything that the two packages hold, nothing else, and it starts."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from tests.architecture.project import PACKAGES, ROOT, our_files, run


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the wheel was unpacked, which is all that installing it does."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run("python", "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ".")
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_packages_whole_and_nothing_else(installed: Path) -> None:
    ours = {path.relative_to(ROOT) for path in our_files(*(f"{package}/*" for package in PACKAGES))}
    held = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}
    assert {path for path in held if ".dist-info" not in path.parts[0]} == ours
    assert {Path(package, "py.typed") for package in PACKAGES} <= held
    assert any(path.parts[-2:] == ("licenses", "LICENSE") for path in held)


def test_the_command_starts_without_the_source_folder(installed: Path, tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(installed), "QUIESCE_HOME": str(tmp_path / "home")}
    where = "import orchestrator, sys; sys.stdout.write(orchestrator.__file__)"
    assert run("python", "-P", "-c", where, cwd=tmp_path, env=env).stdout.startswith(str(installed))
    helped = run("python", "-P", "-m", "orchestrator", "--help", cwd=tmp_path, env=env)
    assert helped.returncode == 0, helped.stderr
    assert "Usage: quiesce" in helped.stdout
