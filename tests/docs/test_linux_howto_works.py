"""The how-to on cloning a Linux host, followed literally below another folder than /srv."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

PAGE = Path(__file__).parents[2] / "docs/how-to/clone-a-linux-host.md"


@pytest.fixture
def folder(tmp_path: Path, needs_program: Callable[[str], str]) -> Path:
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    for program in ("mkfs.xfs", "mkfs.ext4", "mount", "losetup", "unshare"):
        needs_program(program)
    (tmp_path / "srv").mkdir()
    return tmp_path


def test_the_howto_works_from_the_first_block_to_the_last(folder: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    script = "set -eu\n" + "".join(blocks).replace("/srv", str(folder / "srv"))
    script = script.replace("--kind fsfreeze", f"--kind fsfreeze --setting runtime_folder={folder}/leases")
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        # Whatever it leaves mounted goes with the namespace.
        ["unshare", "--mount", "/bin/bash", "-c", script],
        cwd=folder,
        env={**os.environ, "QUIESCE_HOME": str(folder / "home"), "PATH": f"{scripts}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed, file-system-consistent" in done.stdout
    assert "\nhello\n" in done.stdout
    assert "removed: store: cut" in done.stdout
