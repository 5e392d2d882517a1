"""The how-to on verifying a clone, followed literally below another folder than /srv."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.orchestrator.cli.ese_files import database, flip, write_logs, write_set

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

PAGE = (Path(__file__).parents[2] / "docs/how-to/verify-a-clone.md").read_text(encoding="utf-8")


@pytest.fixture
def srv(tmp_path: Path) -> Path:
    """What the page says lies below /srv."""
    write_logs(tmp_path / "clone" / "logs")
    (tmp_path / "clone" / "DB01").mkdir()
    (tmp_path / "clone" / "DB01" / "DB01.edb").write_bytes(database())
    damaged = database()
    flip(damaged, 7, 1, 2)
    write_set(tmp_path / "damaged", damaged)
    return tmp_path


def test_the_howto_works_from_the_first_block_to_the_last(srv: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        ["/bin/bash", "-euc", "".join(blocks).replace("/srv", str(srv))],
        cwd=srv,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (shown,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert done.stdout.startswith(shown.replace("/srv", str(srv)))
    assert f"{srv}/clone/DB01/DB01.edb recoverable 0\n" in done.stdout
    assert "exit status 5\n" in done.stdout
    assert "lGenMaxCommitted" in done.stdout
    assert f"stream E00 in {srv}/clone/logs: logs 0x1A to 0x1D" in done.stdout
    assert ElementTree.parse(srv / "damage.svg").getroot().tag.endswith("svg")
    assert not (srv / "check.resume").exists()
