"""Findings as data and as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from orchestrator.cli.ese_result import FindingResult, PlaceResult
from orchestrator.errors import CATALOGUE
from orchestrator.model.verification import ContentFinding, Severity

SHOWN: Final = 12


def finding_result(finding: ContentFinding) -> FindingResult:
    """Return a finding with its remedy."""
    place = finding.place
    return FindingResult(
        code=finding.code,
        severity=finding.severity,
        place=PlaceResult(place.file, place.unit, place.number, place.byte),
        text=finding.text,
        ese_error=finding.ese_error,
        remedy=CATALOGUE[finding.code].remedy,
    )


def finding_results(findings: Sequence[ContentFinding]) -> tuple[FindingResult, ...]:
    """Return findings with their remedies."""
    return tuple(map(finding_result, findings))


def finding_data(finding: ContentFinding) -> dict[str, Any]:
    """Return a finding as data."""
    return asdict(finding_result(finding))


def text_of(lines: Iterable[str]) -> str:
    """Return lines as one text. What is not printable is escaped: names in a clone may hold anything."""
    return "\n".join("".join(map(_printable, line)) for line in lines)


def _printable(sign: str) -> str:
    return sign if sign.isprintable() else sign.encode("unicode_escape").decode()


def named_shortly(text: str, path: str) -> str:
    """Return a text in which a file goes by its last name."""
    return text.replace(path, path.rpartition("/")[2]) if path else text


def findings_lines(findings: Sequence[ContentFinding], under: str = "") -> list[str]:
    """Return the first findings as lines, the worst first; a remedy stands with the first that has it.

    Args:
        findings: of one file or stream.
        under: the file whose heading they stand under; it is not named in full again.
    """
    order = list(Severity)[::-1]
    ranked = sorted(findings, key=lambda finding: order.index(finding.severity))
    lines: list[str] = []
    explained: set[str] = set()
    for finding in ranked[:SHOWN]:
        number = "" if finding.ese_error is None else f" (ESE error {finding.ese_error})"
        place = str(finding.place).removeprefix(under).removeprefix(", ").strip()
        where = f"{place}: " if place else ""
        lines.append(f"{finding.severity}: {where}{named_shortly(finding.text, under)}{number}")
        if finding.code not in explained and finding.severity is not Severity.INFO:
            lines += [f"  next: {CATALOGUE[finding.code].remedy}", f"  code: {finding.code}"]
        explained.add(finding.code)
    if len(ranked) > SHOWN:
        lines.append(f"... and {len(ranked) - SHOWN:,} more; --json has them")
    return lines
