"""How a hold went, told from what the VSS provider was asked and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.hosts.vss.provider.pipe_protocol import Ended, HoldEnding, Method
from orchestrator.hosts.vss.provider.relay import Passed
from orchestrator.hosts.vss.requestor.failures import VSS_E_HOLD_WRITES_TIMEOUT, VSS_E_WRITERERROR_TIMEOUT
from orchestrator.model.budgets import VSS_HOLD_LIMIT_S
from orchestrator.model.hosts import HoldEnd, ReleaseReport
from orchestrator.model.time import Reading

_BY_PROVIDER: Final = {
    Ended.RELEASED: HoldEnd.RELEASE,
    Ended.VETOED: HoldEnd.ABORT,
    Ended.ABORTED: HoldEnd.ABORT,
    Ended.DEADLINE: HoldEnd.DEAD_MAN,
    Ended.NEVER_HELD: HoldEnd.NEVER_HELD,
}
_BY_STATUS: Final = {
    VSS_E_HOLD_WRITES_TIMEOUT: HoldEnd.HOLD_LIMIT,
    VSS_E_WRITERERROR_TIMEOUT: HoldEnd.WRITER_LIMIT,
}


def frozen_at(history: Iterable[Passed], begun: Reading) -> Reading:
    """Return when the writers cannot have been asked to freeze yet, as late as we know of.

    VSS asks them after the VSS providers have ended their preparations (VSS, "Shadow copy creation").
    """
    prepared = _first(history, Method.END_PREPARE)
    return prepared.left if prepared else begun


def release_report(
    history: Sequence[Passed], ending: HoldEnding | None, status: int, begun: Reading, finished: Reading
) -> ReleaseReport:
    """Tell how the hold of a set that is at its end went.

    What VSS does between two calls is put at the later one: a hold is never told shorter than it was.

    Args:
        history: of the VSS provider.
        ending: what ended the hold by the provider's own word, None if it has sent none.
        status: final HRESULT of the set's creation.
        begun: before the creation was asked for.
        finished: after its final status was there.
    """
    held = _first(history, Method.COMMIT)
    if held is None and (ending is None or ending.ended is Ended.NEVER_HELD):
        return never_held(finished, status)
    confirmed = _first(history, Method.POST_COMMIT)
    released_at = confirmed.entered if confirmed else finished
    after = [one for one in history if confirmed and one.entered.monotonic_s > confirmed.entered.monotonic_s]
    thawed_at = after[0].entered if after else finished
    began = frozen_at(history, begun)
    hold_s = released_at.monotonic_s - (held.entered if held else began).monotonic_s
    return ReleaseReport(
        hold_ended_by=_ended_by(ending, status, hold_s),
        hold_s=hold_s,
        frozen_s=thawed_at.monotonic_s - began.monotonic_s,
        set_status=status,
        released_at=released_at,
        thawed_at=thawed_at,
        file_systems=None,
    )


def never_held(now: Reading, status: int) -> ReleaseReport:
    """Return the report of a set whose writes were never held."""
    return ReleaseReport(HoldEnd.NEVER_HELD, 0.0, 0.0, status, now, now)


def _ended_by(ending: HoldEnding | None, status: int, hold_s: float) -> HoldEnd:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    ended = HoldEnd.UNPROVEN if ending is None else _BY_PROVIDER.get(ending.ended, HoldEnd.UNPROVEN)
    # Windows 7 and Server 2008 R2 let go of writes without telling anybody (KB 975688).
    return HoldEnd.HOLD_LIMIT if ended is HoldEnd.RELEASE and hold_s >= VSS_HOLD_LIMIT_S else ended


def _first(history: Iterable[Passed], method: Method) -> Passed | None:
    return next((one for one in history if one.method is method), None)
