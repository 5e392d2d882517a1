"""Everything a proof rests on: what was seen of one freeze window, before any judgement."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.model.arrays import CutMember
from orchestrator.model.budgets import Budgets
from orchestrator.model.hosts import FreezeReport, ReleaseReport, WriterInstance, WriterReport
from orchestrator.model.time import ClockOffset, Reading


@dataclass(frozen=True, slots=True, order=True)
class MapRow:
    """One file's way down: file, host volume, LUN, array, array volume."""

    file: str
    host_volume: str
    lun_id: str
    array_id: str
    volume_id: str


@dataclass(frozen=True, slots=True)
class CutFacts:
    """One array's part in a window.

    Attributes:
        array_id: immutable.
        array_name: as registered.
        cut_name: what the cut is called on the array.
        planned: immutable ids of the array volumes that were to be cut.
        asked_at: when the cut was asked for; None if it never was.
        acknowledged_at: when the array's own answer to the request came; None if none did.
        listed: the members that the array listed after the thaw.
        clock: the array's wall clock against ours.
        precision_s: the grain of the array's cut times.
    """

    array_id: str
    array_name: str
    cut_name: str
    planned: tuple[str, ...]
    asked_at: Reading | None
    acknowledged_at: Reading | None
    listed: tuple[CutMember, ...]
    clock: ClockOffset
    precision_s: float


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """One freeze window from the request to freeze to the look afterwards. None: it never came to that.

    Attributes:
        set_id: the shadow copy set.
        session_id: the requestor session in which the set was made.
        selected: the writer instances that own a selected component.
        budgets: those in force.
        freeze_asked: when we asked the host to freeze.
        freeze: the host's report of it.
        freeze_seen: when that report reached us.
        cuts: one entry an array.
        release_sent: when we sent the release.
        release: the host's report of it.
        release_seen: when that report reached us.
        host_clock: the host's wall clock against ours.
        writers_after: writer status gathered after the thaw.
        map_before: read before the freeze.
        map_after: read again after the thaw.
    """

    set_id: str
    session_id: str
    selected: tuple[WriterInstance, ...]
    budgets: Budgets
    freeze_asked: Reading
    freeze: FreezeReport | None
    freeze_seen: Reading | None
    cuts: tuple[CutFacts, ...]
    release_sent: Reading | None
    release: ReleaseReport | None
    release_seen: Reading | None
    host_clock: ClockOffset
    writers_after: tuple[WriterReport, ...] | None
    map_before: tuple[MapRow, ...]
    map_after: tuple[MapRow, ...] | None
