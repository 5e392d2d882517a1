"""A wish that a run be stopped, from whoever does not know its process: a file beside its journal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CancelWish:
    """The wish about one attempt.

    Attributes:
        path: there if somebody has it.
    """

    path: Path

    @classmethod
    def about(cls, journals: Path, run_name: str) -> CancelWish:
        """Return the wish about the attempt of this name, whether anybody has it or not."""
        return cls(journals / f"{run_name}.cancel")

    def make(self) -> None:
        """Wish it."""
        self.path.touch(mode=0o600)

    def made(self) -> bool:
        """Tell whether anybody wishes it. Never asked while writers are frozen: it looks at a disk."""
        return self.path.exists()

    def close(self) -> None:
        """Take it back: the run has ended."""
        self.path.unlink(missing_ok=True)
