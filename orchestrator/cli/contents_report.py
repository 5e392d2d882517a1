"""What a look into clones found, as data and as text."""

from __future__ import annotations

from typing import Any

from orchestrator.cli.ese_findings import finding_data, findings_lines, text_of
from orchestrator.model.verification import ContentsReport


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
                "findings": [finding_data(finding) for finding in each.findings],
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
        lines += [f"    {line}" for line in findings_lines(each.findings)]
        lines += [f"    and {each.findings_left_out} more"] if each.findings_left_out else []
    return text_of(lines).split("\n")
