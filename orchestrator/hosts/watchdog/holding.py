"""How far one hold is, and its limits: from open to frozen, held, thawing and over. Never back."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from orchestrator.hosts.watchdog.freezing import Freezing
from orchestrator.hosts.watchdog.hold import Hold, HoldFailed
from orchestrator.hosts.watchdog.thawing import Thawing, never_held
from orchestrator.model.hosts import FreezeReport, HoldEnd, ReleaseReport


class Phase(Enum):
    """How far a hold is. From OVER nothing is frozen, and nothing freezes any more."""

    OPEN = auto()
    FREEZING = auto()
    HELD = auto()
    THAWING = auto()
    OVER = auto()


# After a thaw that failed: soon again, for writers stand still; but a guest that is gone is not hammered.
SHORTEST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 1.0


class Holding:
    """One hold's life. Calls of it come from one thread; `look` must be called when `wake_at` has come.

    Attributes:
        phase: how far it is.
        release: how it ended; None until a thaw is proven, or no freeze was ever begun.
    """

    def __init__(self, hold: Hold, tell: Callable[[], None]) -> None:
        """Take care of a hold; `tell` is called, from any thread, when `look` should be."""
        self.phase = Phase.OPEN
        self.release: ReleaseReport | None = None
        self._hold = hold
        self._tell = tell
        self._hold_s = 0.0
        self._limit_at = 0.0
        self._limit = HoldEnd.DEAD_MAN
        self._freezing: Freezing | None = None
        self._thawing: Thawing | None = None
        self._next_try_at = 0.0
        self._pause_s = SHORTEST_PAUSE_S

    @property
    def frozen(self) -> FreezeReport | None:
        """What is held, while it is."""
        held = self._freezing is not None and self.phase is Phase.HELD
        return self._freezing.report if held and self._freezing is not None else None

    @property
    def freeze_failure(self) -> HoldFailed | None:
        """Why nothing is held any more, or never was; None while that is not known."""
        if self._freezing is None or not self._freezing.over or self.phase in (Phase.FREEZING, Phase.HELD):
            return None
        given_up = HoldFailed("host.freeze-failed", "the freeze was given up before everything was held")
        return self._freezing.failure or given_up

    @property
    def thaw_failure(self) -> HoldFailed | None:
        """Why the last try to thaw did not do."""
        return None if self._thawing is None else self._thawing.failure

    @property
    def thaw_tried(self) -> bool:
        """Whether a thaw was really tried, and not only waited for."""
        return self._thawing is not None and self._thawing.tried

    @property
    def wake_at(self) -> float | None:
        """When `look` is due, on the monotonic clock; None for never."""
        if self.phase is Phase.THAWING:
            return self._next_try_at
        return self._limit_at if self.phase in (Phase.FREEZING, Phase.HELD) else None

    def freeze(self, deadline_at: float, hold_s: float) -> None:
        """Arm the deadline, then begin to freeze.

        Raises:
            HoldFailed: the deadline has passed, or this hold was frozen, or given up, before.
        """
        if self.phase is not Phase.OPEN:
            raise HoldFailed("host.rejected", "a set is frozen once, and never after its thaw")
        if time.monotonic() >= deadline_at:
            raise HoldFailed("host.freeze-failed", "the deadline had passed before the freeze began")
        self._limit_at, self._hold_s = deadline_at, hold_s
        self.phase = Phase.FREEZING
        self._freezing = Freezing(self._hold, self._tell)

    def end(self, cause: HoldEnd) -> None:
        """Thaw, or give up the chance to freeze. Does nothing once that has begun."""
        if self.phase is Phase.OPEN:
            self.release = never_held()
            self.phase = Phase.OVER
        elif self._freezing is not None and self.phase in (Phase.FREEZING, Phase.HELD):
            self.phase = Phase.THAWING
            self._thawing = Thawing(self._hold, self._freezing, cause)
            self._try_to_thaw()

    def look(self) -> None:
        """Take notice of what happened by itself. A limit that has passed comes first."""
        now = time.monotonic()
        ended = self._freezing is not None and self._freezing.over
        if self.phase in (Phase.FREEZING, Phase.HELD) and now >= self._limit_at:
            self.end(self._limit)
        elif self.phase is Phase.FREEZING and ended:
            self._freeze_ended()
        elif self.phase is Phase.THAWING and (now >= self._next_try_at or ended):
            self._try_to_thaw()

    def _freeze_ended(self) -> None:
        report = None if self._freezing is None else self._freezing.report
        if report is None:
            self.end(HoldEnd.NEVER_HELD)
            return
        self.phase = Phase.HELD
        until = report.held_at.monotonic_s + self._hold_s
        if until < self._limit_at:
            self._limit_at, self._limit = until, HoldEnd.HOLD_LIMIT

    def _try_to_thaw(self) -> None:
        if self._thawing is None:
            return
        self.release = self._thawing.attempt()
        if self.release is not None:
            self.phase = Phase.OVER
            return
        self._next_try_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
