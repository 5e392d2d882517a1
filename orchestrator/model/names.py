"""What our objects on an array are called: installation, run and attempt, never used twice (R3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PRODUCT_PREFIX: Final = "qsc"


@dataclass(frozen=True, slots=True)
class ObjectNames:
    """The names of one attempt of one run.

    Attributes:
        installation: 6 lower-case letters and digits, fixed for the life of an installation.
        run_id: 10 lower-case letters and digits.
        attempt: 1 for the first.
    """

    installation: str
    run_id: str
    attempt: int = 1

    @property
    def stem(self) -> str:
        """The name that every object of this attempt starts with; at most 25 characters."""
        return f"{installation_prefix(self.installation)}{self.run_id}-{self.attempt}"

    def covers(self, object_name: str) -> bool:
        """Tell whether an object of this name belongs to this attempt: attempt 1 does not own 10's."""
        return object_name == self.stem or object_name.startswith((f"{self.stem}.", f"{self.stem}-"))


def installation_prefix(installation: str) -> str:
    """Return what all names of an installation start with."""
    return f"{PRODUCT_PREFIX}-{installation}-"
