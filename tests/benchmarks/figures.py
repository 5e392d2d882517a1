"""Percentiles, rows and the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table.

    Attributes:
        bar: the largest value that is good enough; None where the figure is only reported.
    """

    measure: str
    value: float
    unit: str
    bar: float | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """Whether the bar is met; "reported" where there is none."""
        if self.bar is None:
            return "reported"
        return "met" if self.value <= self.bar else "MISSED"

    def data(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        return {**asdict(self), "verdict": self.verdict}


def percentile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that at least this part of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(part * len(ordered)) - 1)]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text."""
    width = max(len(row.measure) for row in rows)
    return "\n".join(
        f"{row.measure:<{width}}  {row.value:9.3f} {row.unit:<5} "
        f"{'' if row.bar is None else f'<= {row.bar:g}':<8} {row.verdict:<8} {row.detail}"
        for row in rows
    )
