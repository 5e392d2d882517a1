"""What the orchestrator must make of each failure of VSS: a row for each that the emulated host knows.

After the table of failures in Microsoft's pages on shadow copy creation: a set with any failure is deleted,
whatever the arrays said of their cuts. The one exception is the end of the backup itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.faults import Form, Row
from orchestrator.model.grades import RunStatus
from tests.orchestrator.vss_schedules.one_run import OneRun

UNTOUCHED: Final = "untouched"  # `perform` raises: there is nothing to undo, and no record either


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of it.

    Attributes:
        status: of the run; `UNTOUCHED` if it ends before it has touched anything.
        codes: one of these is the reason.
        hresult: one of these is on record; empty if the host answers nothing that has one.
    """

    status: str
    codes: frozenset[str]
    hresults: frozenset[int] = frozenset()


def _expect(status: str, codes: str, *hresults: int) -> Expected:
    return Expected(status, frozenset(codes.split()), frozenset(hresults))


def _aborted(codes: str, *hresults: int) -> Expected:
    return _expect(RunStatus.ABORTED, codes, *hresults)


def _completed(*hresults: int) -> Expected:
    return _expect(RunStatus.COMPLETED, "", *hresults)


@dataclass(frozen=True, slots=True)
class Cell:
    """One failure.

    Attributes:
        position: which occasion, for what can happen at several.
        delay_s: how late a late success comes; how soon the writers give up.
    """

    row: Row
    form: Form
    position: int = 1
    delay_s: float = 1.0

    def __str__(self) -> str:
        return f"{self.row}:{self.form}" + (f":{self.position}" if self.position > 1 else "")


R, F = Row, Form
HELD_TOO_LONG: Final = "proof.hold-not-ours proof.window-over-budget"
SLOW_THAW: Final = "proof.window-over-budget window.expired window.thaw-unconfirmed"
NOT_WHOLE: Final = "proof.set-not-finished"

# What hangs or comes late is mostly ended by our own deadline; the HRESULT is then of VSS's own timer, as far
# as the host has told it.
EXPECTED: Final[Mapping[Cell, Expected]] = {
    # nothing has been touched yet, or the set is not even in creation: released, nothing to clean but names
    Cell(R.GATHER_METADATA, F.ERROR): _expect(UNTOUCHED, "host.rejected", 0x80042318),
    Cell(R.GATHER_METADATA, F.HANG): _expect(RunStatus.REFUSED, "input.unknown-component"),
    Cell(R.START_SET, F.ERROR): _aborted("host.busy", 0x80042316),
    Cell(R.START_SET, F.HANG): _aborted("host.freeze-failed window.prepare-expired"),
    Cell(R.START_SET, F.LATE): _aborted("window.prepare-expired"),
    Cell(R.ADD_TO_SET, F.ERROR): _aborted("host.rejected", 0x8004230E),
    Cell(R.ADD_TO_SET, F.HANG): _aborted("host.freeze-failed window.prepare-expired"),
    Cell(R.ADD_TO_SET, F.LATE): _aborted("window.prepare-expired"),
    Cell(R.PREPARE_FOR_BACKUP, F.ERROR): _aborted("host.writer-failed", 0x800423F4),
    Cell(R.PREPARE_FOR_BACKUP, F.HANG): _aborted("host.freeze-failed window.prepare-expired"),
    Cell(R.PREPARE_FOR_BACKUP, F.LATE): _aborted("window.prepare-expired"),
    # before the hold: no cut may be asked for any more
    Cell(R.END_PREPARE, F.ERROR): _aborted("host.freeze-failed", 0x80042306),
    Cell(R.END_PREPARE, F.HANG): _aborted("host.freeze-failed window.expired", 0x80042306),
    Cell(R.END_PREPARE, F.LATE): _aborted("window.expired", 0x80042306),
    # VSS goes on; only the writer's status tells
    Cell(R.ON_PREPARE_SNAPSHOT, F.ERROR): _aborted("proof.writer-lost", 0x800423F3),
    Cell(R.ON_PREPARE_SNAPSHOT, F.HANG): _aborted("host.freeze-failed window.expired", 0x80042306),
    Cell(R.ON_PREPARE_SNAPSHOT, F.LATE): _aborted("window.expired", 0x80042306),
    Cell(R.ON_FREEZE, F.ERROR): _aborted("host.writer-failed", 0x800423F4),
    Cell(R.ON_FREEZE, F.HANG): _aborted("host.freeze-failed window.expired", 0x80042306),
    Cell(R.ON_FREEZE, F.LATE): _aborted("window.expired", 0x80042306),
    Cell(R.PRE_COMMIT, F.ERROR): _aborted("host.freeze-failed", 0x80042306),
    Cell(R.PRE_COMMIT, F.HANG): _aborted("host.freeze-failed window.expired", 0x80042306),
    Cell(R.PRE_COMMIT, F.LATE): _aborted("window.expired", 0x80042306),
    Cell(R.FLUSH, F.ERROR): _aborted("host.freeze-failed", 0x80042313),
    Cell(R.FLUSH, F.HANG): _aborted("host.freeze-failed", 0x80042313),
    # the success comes when nothing is held any more, and the host's own times contradict each other
    Cell(R.FLUSH, F.LATE): _aborted(f"proof.facts-impossible window.expired {HELD_TOO_LONG}", 0x80042313),
    # the arrays have cut: every cut goes, whatever they said
    Cell(R.COMMIT, F.ERROR): _aborted(NOT_WHOLE, 0x8004230F),
    Cell(R.COMMIT, F.HANG): _aborted(HELD_TOO_LONG, 0x80042314),
    Cell(R.COMMIT, F.LATE): _aborted(HELD_TOO_LONG, 0x80042314),
    Cell(R.POST_COMMIT, F.ERROR): _aborted(NOT_WHOLE, 0x8004230F),
    Cell(R.POST_COMMIT, F.HANG): _aborted(SLOW_THAW, 0x80042306),
    Cell(R.POST_COMMIT, F.LATE): _aborted(SLOW_THAW, 0x80042306),
    Cell(R.ON_THAW, F.ERROR): _aborted(NOT_WHOLE, 0x800423F4),
    Cell(R.ON_THAW, F.HANG): _aborted(SLOW_THAW, 0x800423F2),
    Cell(R.ON_THAW, F.LATE): _aborted(SLOW_THAW, 0x800423F2),
    Cell(R.GET_TARGET_LUNS, F.ERROR): _aborted(NOT_WHOLE, 0x80042306),
    Cell(R.GET_TARGET_LUNS, F.HANG): _aborted("window.thaw-unconfirmed"),
    Cell(R.GET_TARGET_LUNS, F.LATE): _aborted("window.thaw-unconfirmed"),
    Cell(R.ON_POST_SNAPSHOT, F.ERROR): _aborted("proof.writer-lost", 0x800423F3),
    Cell(R.ON_POST_SNAPSHOT, F.HANG): _aborted("window.thaw-unconfirmed"),
    Cell(R.ON_POST_SNAPSHOT, F.LATE): _aborted("window.thaw-unconfirmed"),
    # the set is finished: the writers alone can tell that it is only crash-consistent
    Cell(R.WRITER_LIMIT, F.ERROR, delay_s=0.0): _aborted("proof.writer-lost", 0x800423F2),
    # the copy is good and stays; that nothing was truncated is said
    Cell(R.BACKUP_COMPLETE, F.ERROR): _completed(0x800423F3),
    Cell(R.BACKUP_COMPLETE, F.HANG): _completed(),
    Cell(R.BACKUP_COMPLETE, F.LATE): _completed(),
    # prepared, held, thawed
    Cell(R.REQUESTOR_LOST, F.ERROR): _aborted("host.session-lost"),
    Cell(R.REQUESTOR_LOST, F.ERROR, 2): _aborted("host.session-lost"),
    Cell(R.REQUESTOR_LOST, F.ERROR, 3): _aborted("host.session-lost"),
    Cell(R.HOST_RESTARTS, F.ERROR): _aborted("host.gone"),
    Cell(R.HOST_RESTARTS, F.ERROR, 2): _aborted("host.gone window.thaw-unconfirmed"),
    Cell(R.HOST_RESTARTS, F.ERROR, 3): _aborted("host.gone window.thaw-unconfirmed"),
    Cell(R.NEW_SET_WHILE_OPEN, F.ERROR): _aborted("host.rejected", 0x80042301),
    Cell(R.NEW_SET_WHILE_OPEN, F.ERROR, 2): _aborted("proof.hold-not-ours", 0x80042301),
    Cell(R.NEW_SET_WHILE_OPEN, F.ERROR, 3): _completed(),  # ours is whole: another may begin
}


def hresults_of(one: OneRun) -> set[int]:
    """Return every HRESULT that the record of a run would show: in words, or among the facts."""
    return {*_in_words(one), *_in_facts(one)}


def _in_words(one: OneRun) -> Iterator[int]:
    result = one.run.result
    errors = [one.error, result.error if result else None]
    words = [str(error) + " ".join(getattr(error, "__notes__", ())) for error in errors if error is not None]
    words += [reason.text for reason in result.reasons] if result else []
    words += [result.note] if result else []
    for text in words:
        for word in text.replace("(", " ").replace(")", " ").replace(",", " ").replace(".", " ").split():
            if word.startswith("0x"):
                yield int(word, 16)


def _in_facts(one: OneRun) -> Iterator[int]:
    facts = one.run.result.facts if one.run.result else None
    if facts is None:
        return
    if facts.release is not None:
        yield facts.release.set_status & 0xFFFFFFFF
    for report in (*(facts.writers_after or ()), *(facts.freeze.writers if facts.freeze else ())):
        yield report.failure & 0xFFFFFFFF
