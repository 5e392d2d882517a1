"""Named places at which a process can be made to die, so that recovery is tested at each of them."""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Final

_VARIABLE: Final = "QUIESCE_CRASH_AT"


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
    UNDONE = "undone"

    def passed(self) -> None:
        """Die here, as if the power had gone, if the environment names this point."""
        if self == _ARMED_POINT:
            os.kill(os.getpid(), signal.SIGKILL)


_ARMED_POINT: Final = os.environ.get(_VARIABLE, "")  # read once: nothing is looked up inside a window
