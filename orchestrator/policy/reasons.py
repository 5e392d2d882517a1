"""What policy answers with: findings. None that is fatal means yes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.errors import CATALOGUE, BadInput, Refused


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason.

    Attributes:
        code: a key of `CATALOGUE`.
        subject: the object concerned, as its user names it.
        text: one sentence.
        fatal: False for what is only worth saying.
    """

    code: str
    subject: str
    text: str
    fatal: bool = True

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"{self.code} is not in the catalogue")


def raise_refusal(findings: Iterable[Finding]) -> None:
    """Raise the first fatal finding; the texts of the other fatal ones follow as notes.

    Raises:
        BadInput: its code starts with "input."
        Refused: any other code.
    """
    fatal = [finding for finding in findings if finding.fatal]
    if not fatal:
        return
    first, *others = fatal
    kind = BadInput if first.code.startswith("input.") else Refused
    error = kind(first.code, first.text, subject=first.subject)
    for other in others:
        error.add_note(f"also: {other.subject}: {other.text}")
    raise error
