"""The tables of supported Windows hosts, as the page on supported hosts prints them (Markdown)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from orchestrator.policy.supported_hosts import APPLICATIONS, WINDOWS, HostPath, paths_of

BEGIN: Final = "<!-- Printed by `make docs` from orchestrator/policy/supported_hosts.py. -->"
END: Final = "<!-- To here. -->"


def with_tables(page: str) -> str:
    """Return a page with what stands between `BEGIN` and `END` written anew.

    Raises:
        ValueError: the page lost its marks.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return "\n".join([f"{head}{begin}", "", *_windows(), "", *_applications(), "", f"{end}{tail}"])


def _windows() -> Iterator[str]:
    yield "| Windows | host agent (`agent`) | guest agent (`qemu-guest-agent`) | why not every path |"
    yield "| --- | --- | --- | --- |"
    for release in WINDOWS:
        yield f"| {release.name} | {_ways(release.paths)} | {release.reason or '-'} |"


def _applications() -> Iterator[str]:
    yield "| application | on | host agent | guest agent | to know |"
    yield "| --- | --- | --- | --- | --- |"
    for application in APPLICATIONS:
        for release in WINDOWS:
            if release.name in application.runs_on:
                ways = _ways(paths_of(application, release))
                yield f"| {application.name} | {release.name} | {ways} | {application.note or '-'} |"


def _ways(paths: Collection[HostPath]) -> str:
    return " | ".join("yes" if path in paths else "no" for path in HostPath)
