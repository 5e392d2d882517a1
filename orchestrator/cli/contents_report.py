"""What a look into clones found, as data and as text."""

from __future__ import annotations

from typing import Any

from orchestrator.errors import CATALOGUE
from orchestrator.model.verification import ContentFinding, ContentsReport


def contents_data(contents: ContentsReport) -> dict[str, Any]:
    """Return a look into a set as data."""
    return {
        "verdict": contents.verdict,
        "bytes": contents.bytes_read,
        "seconds": round((contents.ended_at - contents.started_at).total_seconds(), 3),
        "components": [
            {
                "caption": each.caption,
                "verifier": each.verifier,
                "verdict": each.verdict,
                "files": list(each.files),
                "findings": [content_finding_data(finding) for finding in each.findings],
                "findings_left_out": each.findings_left_out,
            }
            for each in contents.components
        ],
    }


def contents_lines(contents: ContentsReport) -> list[str]:
    """Return a look into a set for people."""
    seconds = (contents.ended_at - contents.started_at).total_seconds()
    lines = [f"contents: {contents.verdict} ({contents.bytes_read:,} bytes read in {seconds:.1f} s)"]
    for each in contents.components:
        lines.append(f"  {each.caption}: {each.verdict}")
        lines += [f"    {content_finding_line(finding)}" for finding in each.findings]
        lines += [f"    and {each.findings_left_out} more"] if each.findings_left_out else []
    return lines


def content_finding_data(finding: ContentFinding) -> dict[str, Any]:
    """Return one finding as data, with the catalogue's remedy."""
    place = finding.place
    return {
        "code": finding.code,
        "severity": finding.severity,
        "place": {"file": place.file, "unit": place.unit, "number": place.number, "byte": place.byte},
        "text": finding.text,
        "ese_error": finding.ese_error,
        "remedy": CATALOGUE[finding.code].remedy,
    }


def content_finding_line(finding: ContentFinding) -> str:
    """Return one finding for people, in one line."""
    number = "" if finding.ese_error is None else f", ESE {finding.ese_error}"
    return f"{finding.severity}: {finding.place}: {finding.text} ({finding.code}{number})"
