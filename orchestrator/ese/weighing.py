"""What a rule of the verdict says: a finding, and the verdict that it leaves at best."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.model.verification import ContentFinding, Place, Severity, Verdict


class Weighed(NamedTuple):
    """One rule's answer. A finding that takes nothing away comes with `Verdict.CLEAN`."""

    verdict: Verdict
    finding: ContentFinding


def against(verdict: Verdict, code: str, path: str, text: str, ese_error: int | None = None) -> Weighed:
    """Return what stands against a database."""
    return Weighed(verdict, ContentFinding(code, Severity.ERROR, Place(path), text, ese_error))


def worth_knowing(code: str, path: str, text: str, ese_error: int | None = None) -> Weighed:
    """Return what takes nothing away, but should be known."""
    return Weighed(Verdict.CLEAN, ContentFinding(code, Severity.WARNING, Place(path), text, ese_error))
