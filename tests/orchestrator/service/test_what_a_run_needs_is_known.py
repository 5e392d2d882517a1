from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import orchestrator
from orchestrator.config.state_folder import StateFolder
from orchestrator.service.own_paths import own_paths

ASK = """
from pathlib import Path
from orchestrator.config.state_folder import StateFolder
from orchestrator.service.own_paths import own_paths
import sys
outputs = [path for path in own_paths(StateFolder(Path("x"))) if "/fd/" in str(path)]
print(*[path.stat().st_ino for path in outputs], file=sys.stderr)
"""


def test_state_temporary_files_interpreter_and_code_are_named(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    expected = {
        folder.root,
        folder.journals,
        folder.evidence,
        folder.keys,
        folder.locks,
        folder.database,
        Path(tempfile.gettempdir()),
        Path(sys.executable),
        Path(sys.base_prefix),
        Path(orchestrator.__file__),
    }
    assert expected <= set(own_paths(folder))


def test_a_file_that_output_goes_to_is_named_and_a_pipe_is_not(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("w") as file:
        asked = subprocess.run(
            [sys.executable, "-c", ASK], stdout=file, stderr=subprocess.PIPE, text=True, check=True
        )
    assert asked.stderr.split() == [str(output.stat().st_ino)]
