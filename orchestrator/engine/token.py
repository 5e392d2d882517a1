"""The one implementation of the permission to cut (R4)."""

from __future__ import annotations

from typing import final

from orchestrator.engine.clock import Clock
from orchestrator.errors import CutNotAuthorised
from orchestrator.plugin import CutToken
from orchestrator.shadowcopy import ShadowCopyMachine, State


@final
class WindowToken(CutToken):
    """Alive while its window is frozen and its deadline has not passed; spent once per array."""

    def __init__(self, machine: ShadowCopyMachine, clock: Clock) -> None:
        self._machine = machine
        self._clock = clock
        self._spent: set[str] = set()

    def spend(self, array_id: str) -> None:
        """Use the permission for one array; see `CutToken.spend`."""
        deadline = self._machine.deadline
        if self._machine.state is not State.FROZEN or deadline is None or self._clock.now() >= deadline:
            raise CutNotAuthorised(
                "policy.cut-not-authorised", "no freeze window is open for this cut", subject=array_id
            )
        if array_id in self._spent:
            raise CutNotAuthorised(
                "policy.cut-not-authorised", "this window's cut was asked for already", subject=array_id
            )
        self._spent.add(array_id)
