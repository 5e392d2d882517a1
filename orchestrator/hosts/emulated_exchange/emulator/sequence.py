"""What happens inside DoSnapshotSet, rows a to p, and the timers that may end it early.

Pure: every call brings the host's time along. The order and the limits are those of the Windows SDK,
"Shadow copy creation for providers" and the diagram there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S, VSS_HOLD_LIMIT_S, Budgets
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, ReleaseReport, WriterState
from orchestrator.model.time import Reading

VSS_S_ASYNC_CANCELLED: Final = 0x0004230B
VSS_E_BAD_STATE: Final = 0x80042301
VSS_E_PROVIDER_VETO: Final = 0x80042306
VSS_E_HOLD_WRITES_TIMEOUT: Final = 0x80042314
VSS_E_WRITERERROR_TIMEOUT: Final = 0x800423F2


class Step(StrEnum):
    """One row, named after the call or event that it consists of."""

    END_PREPARE_SNAPSHOTS = "EndPrepareSnapshots"
    FLAG_SOURCE_LUNS = "flag source LUNs"
    ON_PREPARE_SNAPSHOT = "OnPrepareSnapshot"
    ON_FREEZE = "OnFreeze"
    PRE_COMMIT_SNAPSHOTS = "PreCommitSnapshots"
    FLUSH_AND_HOLD_WRITES = "flush and hold writes"
    COMMIT_SNAPSHOTS = "CommitSnapshots"
    RELEASE_WRITES = "release writes"
    CLEAR_FLAGS = "clear flags on source LUNs"
    POST_COMMIT_SNAPSHOTS = "PostCommitSnapshots"
    ON_THAW = "OnThaw"
    GET_TARGET_LUNS = "GetTargetLuns"
    LOCATE_LUNS = "LocateLuns"
    PRE_FINAL_COMMIT_SNAPSHOTS = "PreFinalCommitSnapshots"
    ON_POST_SNAPSHOT = "OnPostSnapshot"
    POST_FINAL_COMMIT_SNAPSHOTS = "PostFinalCommitSnapshots"


_W = WriterState

# Every row in its order, with the state in which it leaves the writers.
ROWS: Final[Mapping[Step, WriterState]] = {
    Step.END_PREPARE_SNAPSHOTS: _W.STABLE,
    Step.FLAG_SOURCE_LUNS: _W.STABLE,
    Step.ON_PREPARE_SNAPSHOT: _W.WAITING_FOR_FREEZE,
    Step.ON_FREEZE: _W.WAITING_FOR_THAW,
    Step.PRE_COMMIT_SNAPSHOTS: _W.WAITING_FOR_THAW,
    Step.FLUSH_AND_HOLD_WRITES: _W.WAITING_FOR_THAW,
    Step.COMMIT_SNAPSHOTS: _W.WAITING_FOR_THAW,
    Step.RELEASE_WRITES: _W.WAITING_FOR_THAW,
    Step.CLEAR_FLAGS: _W.WAITING_FOR_THAW,
    Step.POST_COMMIT_SNAPSHOTS: _W.WAITING_FOR_THAW,
    Step.ON_THAW: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.GET_TARGET_LUNS: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.LOCATE_LUNS: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.PRE_FINAL_COMMIT_SNAPSHOTS: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.ON_POST_SNAPSHOT: _W.WAITING_FOR_BACKUP_COMPLETE,
    Step.POST_FINAL_COMMIT_SNAPSHOTS: _W.WAITING_FOR_BACKUP_COMPLETE,
}
ORDER: Final = tuple(ROWS)


class Span(NamedTuple):
    """A timer runs from entering the one row to entering the other. No first row: from the start."""

    first: Step | None
    last: Step


# What can end a set by itself, and while it can. The dead man also covers a host that released writes
# but does not get round to the writers.
TIMERS: Final[Mapping[HoldEnd, Span]] = {
    HoldEnd.NEVER_HELD: Span(None, Step.END_PREPARE_SNAPSHOTS),
    HoldEnd.DEAD_MAN: Span(Step.END_PREPARE_SNAPSHOTS, Step.ON_THAW),
    HoldEnd.HOLD_LIMIT: Span(Step.FLUSH_AND_HOLD_WRITES, Step.RELEASE_WRITES),
    HoldEnd.WRITER_LIMIT: Span(Step.ON_FREEZE, Step.ON_THAW),
}


class Ending(NamedTuple):
    """How a set ends: its final status, and the writers' last word."""

    set_status: int
    writer_state: WriterState
    writer_failure: int


# After the writers' own limit VSS may well call the set finished; only the writers' status tells.
ENDINGS: Final[Mapping[HoldEnd, Ending]] = {
    HoldEnd.RELEASE: Ending(VSS_S_ASYNC_FINISHED, _W.WAITING_FOR_BACKUP_COMPLETE, 0),
    HoldEnd.HOLD_LIMIT: Ending(VSS_E_HOLD_WRITES_TIMEOUT, _W.FAILED_AT_FREEZE, VSS_E_WRITERERROR_TIMEOUT),
    HoldEnd.WRITER_LIMIT: Ending(VSS_S_ASYNC_FINISHED, _W.FAILED_AT_THAW, VSS_E_WRITERERROR_TIMEOUT),
    HoldEnd.DEAD_MAN: Ending(VSS_E_PROVIDER_VETO, _W.FAILED_AT_FREEZE, VSS_E_WRITERERROR_TIMEOUT),
    HoldEnd.ABORT: Ending(VSS_S_ASYNC_CANCELLED, _W.STABLE, 0),
    HoldEnd.NEVER_HELD: Ending(VSS_S_ASYNC_CANCELLED, _W.STABLE, 0),
}


class OutOfOrder(Exception):
    """A row was entered that was not the next one, or the set was over. Nothing has changed."""


def limits_of(budgets: Budgets, dead_man_s: float) -> dict[HoldEnd, float]:
    """Return how long each timer runs, in seconds. VSS's own hold limit is fixed; a plan may be stricter."""
    return {
        HoldEnd.NEVER_HELD: budgets.prepare_s,
        HoldEnd.DEAD_MAN: dead_man_s,
        HoldEnd.HOLD_LIMIT: min(budgets.hold_s, VSS_HOLD_LIMIT_S),
        HoldEnd.WRITER_LIMIT: EXCHANGE_FREEZE_LIMIT_S,
    }


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
        return ([_W.STABLE, *ROWS.values()][len(self.entered)], 0)

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
