"""Named places at which a process can be made to die or stand still, so that recovery is tested at each."""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Final

_SIGNALS: Final = {"QUIESCE_CRASH_AT": signal.SIGKILL, "QUIESCE_STOP_AT": signal.SIGSTOP}


class CrashPoint(StrEnum):
    """Every place, in the order in which a run passes it."""

    BEGUN = "begun"
    SET_OPENED = "set-opened"
    ARMED = "armed"
    OPENING = "opening"
    FROZEN = "frozen"
    CUT_ASKED = "cut-asked"
    CUT_ACKNOWLEDGED = "cut-acknowledged"
    RELEASED = "released"
    CLOSED = "closed"
    SIGNING = "signing"
    SIGNED = "signed"
    PROVEN = "proven"
    TELLING = "telling"
    TOLD = "told"
    CLONING = "cloning"
    CLONED = "cloned"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    UNDONE = "undone"

    def passed(self) -> None:
        """Die here as if the power had gone, or stop, if the environment names this point."""
        if self in _ARMED:
            os.kill(os.getpid(), _ARMED[self])


# Read once: nothing is looked up inside a window.
_ARMED: Final = {os.environ[name]: number for name, number in _SIGNALS.items() if os.environ.get(name)}
