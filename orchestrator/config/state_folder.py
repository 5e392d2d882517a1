"""Where one installation keeps what it must not lose."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"


def random_name(length: int) -> str:
    """Return random lower-case letters and digits, 5 bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The folder named by QUIESCE_HOME, by default in the user's data folder. Everything in it is 0700."""

    root: Path

    @classmethod
    def from_environment(cls) -> StateFolder:
        """Return the folder that the environment names, made if need be."""
        default = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "quiesce"
        folder = cls(Path(os.environ.get("QUIESCE_HOME") or default))
        folder.prepare()
        return folder

    def prepare(self) -> None:
        """Make the folder and its parts."""
        for path in (self.root, self.journals, self.evidence, self.keys, self.locks):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def database(self) -> Path:
        """The SQLite file with arrays, hosts and sets."""
        return self.root / "quiesce.db"

    @property
    def journals(self) -> Path:
        """One file a run."""
        return self.root / "journals"

    @property
    def evidence(self) -> Path:
        """One folder a job, one file a record."""
        return self.root / "evidence"

    @property
    def keys(self) -> Path:
        """Signing keys."""
        return self.root / "keys"

    @property
    def locks(self) -> Path:
        """One lock file a host."""
        return self.root / "locks"

    def installation(self) -> str:
        """Return the installation's name: 6 characters, made at first use, in every object name (R3)."""
        path = self.root / "installation"
        try:
            with path.open("x", encoding="ascii") as file:
                file.write(random_name(6))
        except FileExistsError:
            pass
        return path.read_text(encoding="ascii")
