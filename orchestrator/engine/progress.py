"""What a run is doing, for whoever watches. Nothing is reported between freeze and thaw."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """The stages that a watcher is shown, in order."""

    SURVEY = "survey"
    PREPARE = "prepare"
    FREEZE = "freeze"
    SETTLE = "settle"
    SIGN = "sign"
    TELL_WRITERS = "tell-writers"
    CLONE = "clone"
    VERIFY = "verify"
    UNDO = "undo"
    WAIT = "wait"
    DONE = "done"


Observer = Callable[[Phase, str], None]
"""Called with the phase that begins and a few words about it."""


def ignore(_phase: Phase, _text: str) -> None:
    """Watch nothing."""
