"""Real ESE files beside the project, with known right answers. Nothing here holds a copy of them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[2] / "shared" / "data" / "ese"


def sample_path(name: str) -> Path:
    """Return where a sample lies as it is stored, or skip the test."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"missing: the sample {name}")
    return path


def sample(name: str) -> bytes:
    """Return the bytes of a sample, unpacked, or skip the test."""
    data = sample_path(name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data
