"""The verifier of ESE databases: finds in clones what a VSS writer named, and has it checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from orchestrator.model.verification import Verdict, VerifiedComponent
from orchestrator.plugin.verifier import ClonedComponent, Control, Verifier
from orchestrator.verify.slots import Slots

if TYPE_CHECKING:
    from orchestrator.verify.bytes_source import SourceFolder
    from orchestrator.verify.set_report import SetReport

# What `vssadmin list writers` prints on Exchange servers; that of the Replication service is the same.
EXCHANGE_WRITER_ID: Final = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
FINDINGS_KEPT: Final = 100

OpenClone = Callable[[Path], "SourceFolder"]

# One for the whole process: all runs share the ways to the arrays.
SLOTS: Final = Slots()


class EseVerifier(Verifier):
    """Reads databases and logs from NTFS volumes in clones, without mounting them."""

    kind: ClassVar[str] = "ese"
    writer_ids: ClassVar[frozenset[str]] = frozenset({EXCHANGE_WRITER_ID})

    def __init__(self, open_clone: OpenClone | None = None, slots: Slots = SLOTS) -> None:
        self._open_clone = _open_raw if open_clone is None else open_clone
        self._slots = slots

    def verify(self, components: Sequence[ClonedComponent], control: Control) -> Sequence[VerifiedComponent]:
        """Read the components and say what was found, in the same order.

        Raises:
            VerificationStopped: the control said so.
            VerificationError: `verify.cannot-read`; a clone could not be read at all.
        """
        with self._slots.taken(control), _clones(self._open_clone) as clone_at:
            return [_verified(component, clone_at, control) for component in components]


def _verified(component: ClonedComponent, clone_at: OpenClone, control: Control) -> VerifiedComponent:
    from orchestrator.verify.component_files import find_files
    from orchestrator.verify.set_check import check_set

    files = find_files(component, clone_at)
    report = check_set(files.contents(control), control)
    findings = report.all_findings()
    return VerifiedComponent(
        caption=component.caption,
        verifier=EseVerifier.kind,
        verdict=Verdict.worst([report.verdict, *(Verdict.UNRECOVERABLE for _ in files.missing)]),
        files=tuple(file.shown for file in files.found.values()),
        bytes_read=report.bytes_read,
        findings=findings[:FINDINGS_KEPT],
        findings_left_out=max(0, len(findings) - FINDINGS_KEPT) + _left_out_already(report),
    )


def _left_out_already(report: SetReport) -> int:
    return sum(database.pages.findings_left_out for database, _ in report.databases if database.pages)


@contextmanager
def _clones(open_clone: OpenClone) -> Iterator[OpenClone]:
    """Open each clone once, when it is first asked for; close all at the end."""
    opened: dict[Path, SourceFolder] = {}

    def clone_at(path: Path) -> SourceFolder:
        if path not in opened:
            opened[path] = open_clone(path)
        return opened[path]

    try:
        yield clone_at
    finally:
        for folder in opened.values():
            folder.close()


def _open_raw(path: Path) -> SourceFolder:
    from orchestrator.verify.raw import open_raw

    return open_raw(path)
