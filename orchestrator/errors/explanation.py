"""What an error code means to whoever meets it."""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """Why a code appears, and what to do next."""

    cause: str
    remedy: str
