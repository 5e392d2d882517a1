"""Which ends each fault explains: an end that no fault of its run explains is a bug."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.faults import LOSSES, Form, Row
from orchestrator.model.grades import RunStatus
from tests.orchestrator.vss_schedules.failure_table import EXPECTED
from tests.orchestrator.vss_schedules.one_run import OneRun


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Codes of a run that did not end with a set, by the faults that lead there. No code: the run goes on.
CODES: Final[Mapping[str, frozenset[str]]] = {
    pattern: frozenset(codes.split())
    for pattern, codes in {
        # the array
        "array-*:error-before": "array.unreachable",
        "array-*:error-after": "array.unreachable",
        "array-*:lost-*": "array.answer-lost",
        "array-clock:late": "policy.forecast-over-budget policy.connection-not-proven",
        "array-commit:already-exists": "array.name-taken",
        "array-commit:busy": "array.busy",
        "array-commit:hangs": "window.expired",
        "array-commit:late-answer": "window.expired",
        "array-commit:partial": "proof.members-differ",
        "array-commit:raises-anything": "internal.fault",
        "array-commit:rejected": "array.rejected",
        # the way to the host
        "door-survey:*": "host.gone window.prepare-expired",
        "door-open:*": "host.gone window.prepare-expired",
        "door-freeze:*": "host.gone window.expired",
        "door-thaw:*": "window.thaw-unconfirmed proof.window-over-budget window.expired proof.hold-not-ours",
        "door-writer_status:*": "host.gone",
        # the host
        "prepare-fails": "host.writer-failed",
        "writer-not-frozen": "proof.writer-not-frozen",
        "freeze-answer-lost": "window.expired",
        "dies-while-frozen": "window.thaw-unconfirmed host.gone",
        "hold-ends-early": "proof.hold-not-ours",
        "clock-jumps": "proof.clocks-disagree proof.window-over-budget",
        "hangs-on-thaw": "window.thaw-unconfirmed window.expired proof.hold-not-ours",
        "thaw-answer-lost": "window.thaw-unconfirmed window.expired proof.hold-not-ours",
        "set-not-finished": "proof.set-not-finished",
        "writer-*-after-thaw": "proof.writer-lost",
        "component-failed-after-thaw": "proof.writer-lost",
        "session-restarted-after-thaw": "proof.writer-lost",
        "storage-map-changed-after-thaw": "proof.map-changed",
        "cancelled-*": "run.interrupted",
        "killed:*": "run.died",
    }.items()
}

# After these no set may survive, whatever else happens.
DEADLY: Final = _names(
    """
    array-commit:[!l]* array-commit:lost-* door-open:* door-freeze:* door-writer_status:*
    prepare-fails writer-not-frozen freeze-answer-lost clock-jumps set-not-finished
    writer-*-after-thaw component-failed-after-thaw session-restarted-after-thaw
    storage-map-changed-after-thaw
    """
)

# Alone, and met once, these cost no set.
HARMLESS: Final = _names(
    """
    array-arm:late array-confirm:late array-locate:late
    array-owned:* array-delete:* array-abort:* array-clone:*
    door-thaw:lost-* door-thaw:answer-hangs door-complete:* door-abort:* door-recover:* thaw-answer-lost
    rot clock-jumps-a-little dismounted-after-thaw
    """
)

# What can keep a run from knowing what became of what it had made.
DOUBT: Final = _names(
    """
    array-abort:* array-owned:* array-delete:*
    door-abort:* door-recover:* door-thaw:* dies-while-frozen host-restarts:*
    """
)

# What a failing row leads to stands in the table of failures; with other faults beside it, also to these.
_ROWS: Final = {str(cell): expected for cell, expected in EXPECTED.items() if cell.position == 1}
_ANY_LOSS: Final = frozenset({"host.gone", "host.rejected", "host.session-lost", "window.thaw-unconfirmed"})
_LOSSES: Final = frozenset(f"{row}:{Form.ERROR}" for row in LOSSES)
_SURVIVED: Final = _LOSSES | {
    f"{row}:{form}" for row in (Row.WRITER_LIMIT, Row.BACKUP_COMPLETE) for form in Form
}


def _codes_after(fault: str) -> frozenset[str]:
    codes = {code for pattern, codes in CODES.items() if fnmatchcase(fault, pattern) for code in codes}
    if fault in _LOSSES:
        codes |= _ANY_LOSS | {"proof.hold-not-ours"}
    return _ROWS[fault].codes.union(codes) if fault in _ROWS else frozenset(codes)


def _is_deadly(fault: str) -> bool:
    return (fault in _ROWS and fault not in _SURVIVED) or any(fnmatchcase(fault, each) for each in DEADLY)


def unexplained(one: OneRun, struck: Counter[str]) -> list[str]:
    """Return what of a run's end no fault accounts for."""
    result, problems = one.run.result, []
    deadly = [fault for fault in struck if _is_deadly(fault)]
    if one.proven and deadly and one.run.job.attempts == 1:
        problems.append(f"unexplained: there is a set in spite of {deadly}")
    if not one.proven and struck.total() == 1 and any(_met(pattern, struck) for pattern in HARMLESS):
        problems.append(f"unexplained: {sorted(struck)} cost a set")
    codes = {code for fault in struck for code in _codes_after(fault)}
    ended = _codes_of(one)
    if ended and not ended & codes:
        problems.append(f"unexplained: {sorted(ended)} after {sorted(struck)}")
    if one.cancelled and not _met("cancelled-*", struck):
        problems.append("unexplained: nobody has cancelled it")
    if one.cancel_sent and not (one.cancelled or one.died):
        problems.append("unexplained: it was cancelled, and nobody was told")
    in_doubt = result is not None and result.status is RunStatus.IN_DOUBT
    if in_doubt and not any(_met(pattern, struck) for pattern in DOUBT):
        problems.append(f"unexplained: in doubt after {sorted(struck)}")
    if result is None and not ended and not (one.cancelled or one.died):
        problems.append("unexplained: it has no end")
    return problems


def _codes_of(one: OneRun) -> set[str]:
    """Return what stood against the set itself; empty if there is one."""
    if one.died:
        return set() if one.proven else {"run.died"}
    if one.error is not None:
        return {one.error.code}
    result = one.run.result
    if one.proven or result is None:
        return set()
    return {reason.code for reason in result.reasons} | ({result.error.code} if result.error else set())


def _met(pattern: str, struck: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in struck)
