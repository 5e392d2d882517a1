"""One set's way through the rows. Pure: every call brings the host's time along."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.hosts.emulated_exchange.emulator.consequences import late_row
from orchestrator.hosts.emulated_exchange.emulator.rows import (
    ENDINGS,
    ORDER,
    ROWS,
    TIMERS,
    VSS_E_BAD_STATE,
    End,
    Ending,
    Step,
)
from orchestrator.model.hosts import HoldEnd, ReleaseReport, WriterState
from orchestrator.model.time import Reading


class OutOfOrder(Exception):
    """A row was entered that was not the next one, or the set was over. Nothing has changed."""


@dataclass(slots=True)
class CreationSequence:
    """One set's way through the rows.

    Attributes:
        limits: see `limits_of`; a timer reads its own when it starts.
        entered: when each row was entered.
        ending: what ended the set; None while it is in creation.
        outcome: how it ended.
    """

    opened_at: Reading
    limits: dict[End, float]
    entered: dict[Step, Reading] = field(default_factory=dict)
    ending: End | None = None
    outcome: Ending | None = None
    ended_at: Reading | None = None
    _due_s: dict[End, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._run_timers(None, self.opened_at)

    @property
    def deadline_s(self) -> float | None:
        """When the next timer runs out, on the host's monotonic clock."""
        return min(self._due_s.values(), default=None)

    @property
    def is_held(self) -> bool:
        """Whether the set waits inside CommitSnapshots: writers frozen, writes held."""
        return self.ending is None and self.next_step is Step.RELEASE_WRITES

    @property
    def next_step(self) -> Step | None:
        """The row that comes next; None after the last."""
        return ORDER[len(self.entered)] if len(self.entered) < len(ORDER) else None

    @property
    def writers(self) -> tuple[WriterState, int]:
        """State and failure code of the writers that take part."""
        if self.outcome is not None:
            return self.outcome.writer_state, self.outcome.writer_failure
        return ([WriterState.STABLE, *ROWS.values()][len(self.entered)], 0)

    def enter(self, step: Step, now: Reading) -> None:
        """Go on to a row. Time that has run out is dealt with first.

        Raises:
            OutOfOrder: it is not the next row, or the set is over.
        """
        self.expire(now)
        if self.ending is not None or step is not self.next_step:
            raise OutOfOrder(f"{step} ({VSS_E_BAD_STATE:#010x}): the set {self._standing()}")
        self.entered[step] = now
        self._run_timers(step, now)
        if step is ORDER[-1]:
            self._end(End.FINISHED, now)

    def expire(self, now: Reading) -> bool:
        """End the set if a timer has run out, and tell whether one had."""
        due = [(at_s, end) for end, at_s in self._due_s.items() if at_s <= now.monotonic_s]
        if due:
            self._end(min(due)[1], now)
        return bool(due)

    def give_up(self, now: Reading, end: End = End.ABORT) -> None:
        """End the set from outside of VSS; no change if it is over."""
        if not self.expire(now) and self.ending is None:
            self._end(end, now)

    def fail(self, now: Reading, outcome: Ending) -> None:
        """End the set because a step failed; no change if it is over."""
        if not self.expire(now) and self.ending is None:
            self._end(End.FAILED, now, outcome)

    def bring_forward(self, end: End, now: Reading, after_s: float) -> None:
        """Let a timer that runs run out so many seconds from now."""
        if end in self._due_s:
            self._due_s[end] = now.monotonic_s + after_s

    def report(self) -> ReleaseReport:
        """Say how the hold ended, once the set is over."""
        if self.outcome is None or self.ended_at is None:
            raise OutOfOrder("the set is in creation")
        released_at = self.entered.get(Step.RELEASE_WRITES, self.ended_at)
        thawed_at = self.entered.get(Step.ON_THAW, self.ended_at)
        return ReleaseReport(
            hold_ended_by=self._hold_end(self.outcome),
            hold_s=self._since(Step.FLUSH_AND_HOLD_WRITES, released_at),
            frozen_s=self._since(Step.ON_FREEZE, thawed_at),
            set_status=self.outcome.set_status,
            released_at=released_at,
            thawed_at=thawed_at,
        )

    def _run_timers(self, step: Step | None, now: Reading) -> None:
        for end, span in TIMERS.items():
            if step is span.last:
                self._due_s.pop(end, None)
            elif step is span.first:
                self._due_s[end] = now.monotonic_s + self.limits[end]

    def _end(self, end: End, now: Reading, outcome: Ending | None = None) -> None:
        if end is End.FINISH_LIMIT and self.next_step is not None:
            outcome = late_row(self.next_step)
        self.ending, self.ended_at, self.outcome = end, now, outcome or ENDINGS[end]
        self._due_s.clear()

    def _hold_end(self, outcome: Ending) -> HoldEnd:
        if Step.RELEASE_WRITES in self.entered:
            return HoldEnd.RELEASE
        return outcome.hold_end if Step.FLUSH_AND_HOLD_WRITES in self.entered else HoldEnd.NEVER_HELD

    def _since(self, step: Step, until: Reading) -> float:
        return until.monotonic_s - self.entered[step].monotonic_s if step in self.entered else 0.0

    def _standing(self) -> str:
        if self.ending is not None:
            return f"is over ({self.ending})"
        return f"has passed {[*self.entered][-1]}" if self.entered else "is prepared"
