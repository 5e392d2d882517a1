"""The thaw of one hold, tried until it is proven, and the account of how the hold ended."""

from __future__ import annotations

from orchestrator.hosts.watchdog.freezing import Freezing
from orchestrator.hosts.watchdog.hold import Hold, HoldFailed
from orchestrator.hosts.watchdog.protocol import reading
from orchestrator.model.hosts import HoldEnd, ReleaseReport
from orchestrator.model.time import Reading


class Thawing:
    """Tries to undo one freeze.

    Attributes:
        cause: what ended the hold, as far as this process knows.
        failure: why the last try did not do.
        tried: a thaw was really tried, and failed.
    """

    def __init__(self, hold: Hold, freezing: Freezing, cause: HoldEnd) -> None:
        self.cause = cause
        self.failure = _not_yet("a freeze is still under way and cannot be interrupted")
        self.tried = False
        self._hold = hold
        self._freezing = freezing
        self._thawed: int | None = 0
        freezing.cancel()

    def attempt(self) -> ReleaseReport | None:
        """Thaw and demand the proof. None: not yet, see `failure`."""
        if not self._freezing.over:
            return None  # what is still queued would freeze after our thaw
        self.tried = True
        try:
            self._count(self._hold.thaw())
            thawed_at = reading()
            proven = self._hold.proven_thawed()
        except Exception as fault:  # noqa: BLE001 - a plugin's hold may raise anything; the next try may do
            told = fault if isinstance(fault, HoldFailed) else None
            self.failure = told or _not_yet(f"{type(fault).__name__}: {fault}")
            self._thawed = None
            return None
        if not proven:
            self.failure = _not_yet("something is still frozen after the thaw")
            return None
        return self._report(thawed_at)

    def _report(self, thawed_at: Reading) -> ReleaseReport:
        held_at = None if self._freezing.report is None else self._freezing.report.held_at
        frozen_at = self._freezing.frozen_at
        return ReleaseReport(
            hold_ended_by=self._what_ended_it(),
            hold_s=0.0 if held_at is None else held_at.elapsed_s(thawed_at),
            frozen_s=0.0 if frozen_at is None else frozen_at.elapsed_s(thawed_at),
            set_status=0,
            released_at=thawed_at,
            thawed_at=thawed_at,
            file_systems=self._thawed,
        )

    def _count(self, thawed: int | None) -> None:
        self._thawed = None if thawed is None or self._thawed is None else self._thawed + thawed

    def _what_ended_it(self) -> HoldEnd:
        if self._freezing.report is None:
            return HoldEnd.NEVER_HELD if self.cause is HoldEnd.RELEASE else self.cause
        if self._thawed is None:
            return HoldEnd.UNPROVEN if self.cause is HoldEnd.RELEASE else self.cause
        return self.cause if self._thawed == self._freezing.report.file_systems else HoldEnd.FOREIGN


def _not_yet(what: str) -> HoldFailed:
    return HoldFailed("host.still-frozen", what)


def never_held() -> ReleaseReport:
    """Return the account of a hold that was given up before any freeze."""
    now = reading()
    return ReleaseReport(HoldEnd.NEVER_HELD, 0.0, 0.0, 0, now, now, 0)
