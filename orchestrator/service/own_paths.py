"""What a run itself needs on this machine, and must therefore never freeze (R8)."""

from __future__ import annotations

import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orchestrator
from orchestrator.config.state_folder import StateFolder

_OUTPUTS = (1, 2)


def own_paths(folder: StateFolder) -> tuple[Path, ...]:
    """Return where state, records, temporary files, output, interpreter and code are."""
    return tuple(dict.fromkeys(_paths(folder)))


def _paths(folder: StateFolder) -> Iterator[Path]:
    # Each part by itself: any of them may be a link, or a mount point of its own.
    yield from (folder.root, folder.journals, folder.evidence, folder.keys, folder.locks, folder.database)
    yield Path(tempfile.gettempdir())
    yield from (Path(sys.executable), Path(sys.base_prefix), Path(orchestrator.__file__))
    yield from _output_files()


def _output_files() -> Iterator[Path]:
    """Yield where standard output and error go, if that is a file: a write to it would wait for the thaw."""
    for descriptor in _OUTPUTS:
        target = Path(f"/proc/self/fd/{descriptor}")
        try:
            if stat.S_ISREG(target.stat().st_mode):
                yield target
        except OSError:  # closed, or no /proc here
            continue
