"""One set's way through the rows. Pure: every call brings the host's time along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.rows import ENDINGS, ORDER, ROWS, TIMERS, Step
from orchestrator.model.hosts import HoldEnd, ReleaseReport, WriterState
from orchestrator.model.time import Reading

VSS_E_BAD_STATE: Final = 0x80042301


class OutOfOrder(Exception):
    """A row was entered that was not the next one, or the set was over. Nothing has changed."""


@dataclass(slots=True)
class CreationSequence:
    """One set's way through the rows.

    Attributes:
        limits: see `limits_of`; a timer reads its own when it starts.
        entered: when each row was entered.
        ending: how the set ended; None while it is in creation.
    """

    opened_at: Reading
    limits: dict[HoldEnd, float]
    entered: dict[Step, Reading] = field(default_factory=dict)
    ending: HoldEnd | None = None
    ended_at: Reading | None = None
    _due_s: dict[HoldEnd, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._run_timers(None, self.opened_at)

    @property
    def deadline_s(self) -> float | None:
        """When the next timer runs out, on the host's monotonic clock."""
        return min(self._due_s.values(), default=None)

    @property
    def is_held(self) -> bool:
        """Whether the set waits inside CommitSnapshots: writers frozen, writes held."""
        return self.ending is None and len(self.entered) == ORDER.index(Step.COMMIT_SNAPSHOTS) + 1

    @property
    def writers(self) -> tuple[WriterState, int]:
        """State and failure code of the writers that take part."""
        if self.ending is not None:
            return ENDINGS[self.ending].writer_state, ENDINGS[self.ending].writer_failure
        return ([WriterState.STABLE, *ROWS.values()][len(self.entered)], 0)

    def enter(self, step: Step, now: Reading) -> None:
        """Go on to a row. Time that has run out is dealt with first.

        Raises:
            OutOfOrder: it is not the next row, or the set is over.
        """
        self.expire(now)
        if self.ending is not None or step is not ORDER[len(self.entered)]:
            raise OutOfOrder(f"{step} ({VSS_E_BAD_STATE:#010x}): the set {self._standing()}")
        self.entered[step] = now
        self._run_timers(step, now)
        if step is ORDER[-1]:
            self._end(HoldEnd.RELEASE, now)

    def release(self, now: Reading) -> None:
        """Go through all that is left if the set is held in time; give it up if it is not (yet) held."""
        self.expire(now)
        if self.is_held:
            for step in ORDER[len(self.entered) :]:
                self.enter(step, now)
        else:
            self.give_up(now)

    def expire(self, now: Reading) -> bool:
        """End the set if a timer has run out, and tell whether one had."""
        due = [(at_s, end) for end, at_s in self._due_s.items() if at_s <= now.monotonic_s]
        if due:
            self._end(min(due)[1], now)
        return bool(due)

    def give_up(self, now: Reading) -> None:
        """End the set because somebody asked for it; no change if it is over."""
        if not self.expire(now) and self.ending is None:
            self._end(HoldEnd.ABORT if self.entered else HoldEnd.NEVER_HELD, now)

    def bring_forward(self, end: HoldEnd, now: Reading, after_s: float) -> None:
        """Let a timer that runs run out so many seconds from now."""
        if end in self._due_s:
            self._due_s[end] = now.monotonic_s + after_s

    def report(self) -> ReleaseReport:
        """Say how the hold ended, once the set is over."""
        if self.ending is None or self.ended_at is None:
            raise OutOfOrder("the set is in creation")
        released_at = self.entered.get(Step.RELEASE_WRITES, self.ended_at)
        thawed_at = self.entered.get(Step.ON_THAW, self.ended_at)
        return ReleaseReport(
            hold_ended_by=self._hold_end(self.ending),
            hold_s=self._since(Step.FLUSH_AND_HOLD_WRITES, released_at),
            frozen_s=self._since(Step.ON_FREEZE, thawed_at),
            set_status=ENDINGS[self.ending].set_status,
            released_at=released_at,
            thawed_at=thawed_at,
        )

    def _run_timers(self, step: Step | None, now: Reading) -> None:
        for end, span in TIMERS.items():
            if step is span.last:
                self._due_s.pop(end, None)
            elif step is span.first:
                self._due_s[end] = now.monotonic_s + self.limits[end]

    def _end(self, end: HoldEnd, now: Reading) -> None:
        self.ending, self.ended_at = end, now
        self._due_s.clear()

    def _hold_end(self, ending: HoldEnd) -> HoldEnd:
        if Step.RELEASE_WRITES in self.entered:
            return HoldEnd.RELEASE
        return ending if Step.FLUSH_AND_HOLD_WRITES in self.entered else HoldEnd.NEVER_HELD

    def _since(self, step: Step, until: Reading) -> float:
        return until.monotonic_s - self.entered[step].monotonic_s if step in self.entered else 0.0

    def _standing(self) -> str:
        if self.ending is not None:
            return f"is over ({self.ending})"
        return f"has passed {[*self.entered][-1]}" if self.entered else "is prepared"
