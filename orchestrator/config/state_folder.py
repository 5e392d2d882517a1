"""Where one installation keeps what it must not lose."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import BadInput

VARIABLE: Final = "QUIESCE_HOME"
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
        """Return the folder that the environment names, made if need be.

        Raises:
            BadInput: it cannot be made or used.
        """
        folder = cls(_root_from_environment())
        try:
            folder.prepare()
        except OSError as error:
            what = f"The state folder {folder.root} cannot be used: {error.strerror}."
            raise BadInput("input.bad-environment", what, subject=VARIABLE) from None
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

    @property
    def agents_socket(self) -> Path:
        """Where local callers reach agents through the hub."""
        return self.root / "agents.sock"

    def installation(self) -> str:
        """Return the installation's name: 6 characters, made at first use, in every object name (R3).

        Raises:
            BadInput: the file that holds it is damaged. A new name would disown every object made so far.
        """
        path = self.root / "installation"
        if not path.exists():
            self._name_installation(path)
        name = path.read_text(encoding="utf-8", errors="replace")
        if not re.fullmatch(f"[{_ALPHABET}]{{6}}", name):
            what = "It does not hold the installation's name: 6 lower-case letters and digits."
            remedy = "Restore it from a backup; the name is in that of every replica: qsc-NAME-…"
            raise BadInput("input.bad-file", what, subject=str(path), remedy=remedy)
        return name

    def _name_installation(self, path: Path) -> None:
        """Put a name there whole, and only if no other process was quicker."""
        fresh = path.with_name(f"installation.{random_name(8)}")
        with fresh.open("x", encoding="ascii") as file:
            file.write(random_name(6))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()


def _root_from_environment() -> Path:
    if named := os.environ.get(VARIABLE):
        return Path(named).absolute()
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data).absolute() / "quiesce"
