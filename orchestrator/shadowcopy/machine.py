"""One set's state and deadline. Knows no clock: every call brings the time along."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.shadowcopy.events import Event
from orchestrator.shadowcopy.states import State
from orchestrator.shadowcopy.transitions import TRANSITIONS, stay_s


class IllegalEvent(Exception):
    """An event came that the state has no row for; the state is unchanged."""


@dataclass(slots=True)
class ShadowCopyMachine:
    """One set's way through the table.

    Attributes:
        deadline: when the present state must be left, on the clock that `now` comes from; None: no limit.
        freeze_deadline: when the whole window must be over; no later state's deadline lies beyond it.
    """

    budgets: Budgets = DEFAULT_BUDGETS
    state: State = State.IDLE
    deadline: float | None = None
    freeze_deadline: float | None = None

    def handle(self, event: Event, now: float) -> State:
        """Take one event. Time that has run out is dealt with first, so a late success is a failure (R1).

        Raises:
            IllegalEvent: the state has no row for the event.
        """
        if self.deadline is not None and now >= self.deadline:
            self._step(Event.DEADLINE_PASSED, now)
            if event not in TRANSITIONS[self.state]:
                return self.state  # it came too late to matter
        return self._step(event, now)

    def _step(self, event: Event, now: float) -> State:
        try:
            after = TRANSITIONS[self.state][event]
        except KeyError:
            raise IllegalEvent(f"{event} in state {self.state}") from None
        if event is Event.FREEZE_ASKED:
            self.freeze_deadline = now + self.budgets.freeze_s
        if after is not self.state:
            self.state = after
            self.deadline = self._deadline_from(now)
        return self.state

    def _deadline_from(self, now: float) -> float | None:
        stay = stay_s(self.state, self.budgets)
        if stay is None:
            return None
        own = now + stay
        return own if self.freeze_deadline is None else min(own, self.freeze_deadline)
