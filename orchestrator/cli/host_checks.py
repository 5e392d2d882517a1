"""What a host was examined for, as `quiesce host test` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.cli.output import columns
from orchestrator.model.hosts import CheckStatus, HostCheck


def checks_text(checks: Sequence[HostCheck]) -> str:
    """Return the checks as a table; what is not good has its remedy below it."""
    table = columns([("CHECK", "STATUS", "FOUND"), *((one.what, one.status, one.found) for one in checks)])
    heading, *rows = table.splitlines()
    lines = [heading]
    for check, row in zip(checks, rows, strict=True):
        lines += [row, *_remedy(check)]
    return "\n".join([*lines, _sum(checks)])


def _remedy(check: HostCheck) -> Iterator[str]:
    if check.remedy:
        yield f"  next: {check.remedy}"


def _sum(checks: Sequence[HostCheck]) -> str:
    counts = {status: sum(check.status is status for check in checks) for status in CheckStatus}
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    verdict = "A run would fail." if counts[CheckStatus.BAD] else "Nothing stands in the way of a run."
    return f"{verdict} ({told})"
