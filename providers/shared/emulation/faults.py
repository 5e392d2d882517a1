"""Which misbehaviour is due: faults by name and position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrator.plugin import Fault

# The table in the package's docstring says what each does. Those of the first set are carried out by
# `front`, those of the second by the vendor's own handlers.
ON_THE_WAY: Final = frozenset(
    {
        "error-before-effect",
        "error-after-effect",
        "lost-answer-before-effect",
        "lost-answer-after-effect",
        "lost-answer-late-effect",
        "late-answer",
        "busy",
        "server-is-busy",
        "gateway-timeout",
        "gateway-timeout-after-effect",
    }
)
INSIDE: Final = frozenset(
    {"session-expired", "forbidden", "full", "half-cut", "unequal-created", "refuse-eradication"}
)


@dataclass(slots=True)
class _Planned:
    fault: Fault
    seen: int = 0

    def strikes(self, call: str) -> bool:
        if self.fault.call not in ("*", call):
            return False
        self.seen += 1
        return self.fault.position in (0, self.seen)

    @property
    def spent(self) -> bool:
        return 0 < self.fault.position <= self.seen


class FaultPlan:
    """The faults still to come."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def add(self, fault: Fault) -> None:
        """Plan one fault; its position counts from here.

        Raises:
            ValueError: no such fault, or a negative position or delay.
        """
        if fault.name not in ON_THE_WAY | INSIDE:
            raise ValueError(f"no fault is called {fault.name!r}: see providers.shared.emulation")
        if fault.position < 0 or fault.delay_s < 0:
            raise ValueError("position and delay_s count from 0")
        self._planned.append(_Planned(fault))

    def clear(self) -> None:
        """Behave from now on."""
        self._planned.clear()

    def due(self, call: str) -> tuple[Fault, ...]:
        """Count one call and return the faults that strike it."""
        struck = tuple(planned.fault for planned in self._planned if planned.strikes(call))
        self._planned = [planned for planned in self._planned if not planned.spent]
        return struck
