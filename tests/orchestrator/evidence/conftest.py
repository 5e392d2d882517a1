"""A night's records and the keys about them, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.evidence import SigningKey, signing_key
from tests.orchestrator.evidence.sample_records import good_night, lab_key

Files = list[tuple[str, bytes]]


@pytest.fixture(scope="session")
def night_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `keys/` and the chain of one job in `evidence/nightly/`. Read only, please."""
    folder = tmp_path_factory.mktemp("night")
    good_night(folder / "evidence" / "nightly", lab_key(folder / "keys"))
    return folder


@pytest.fixture(scope="session")
def key(night_folder: Path) -> SigningKey:
    """The key that signed the night's records."""
    return lab_key(night_folder / "keys")


@pytest.fixture(scope="session")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """A key of somebody else, of the same name."""
    return signing_key(tmp_path_factory.mktemp("other"), emulated=True)


@pytest.fixture(scope="session")
def night(night_folder: Path) -> Files:
    """The night's records in order: proof, writers' answer, refusal, abort, proof."""
    files = sorted((night_folder / "evidence" / "nightly").glob("*.json"))
    return [(path.name, path.read_bytes()) for path in files]


@pytest.fixture(scope="session")
def proof(night: Files) -> bytes:
    """The first record."""
    return night[0][1]
