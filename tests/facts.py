"""A freeze window in which everything went well, for tests to spoil one thing at a time.

Two mailbox databases: logs on one array, database files on the other. The host's clock and the arrays'
clocks are each off by a known amount.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from orchestrator.model.arrays import CutMember
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.facts import CutFacts, MapRow, WindowFacts
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    VSS_S_ASYNC_FINISHED,
    FreezeReport,
    HoldEnd,
    ReleaseReport,
    WriterInstance,
    WriterReport,
    WriterState,
)
from orchestrator.model.time import ClockOffset, Reading
from orchestrator.policy.proof import judge
from orchestrator.policy.reasons import Finding

START: Final = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
HOST_OFFSET_S: Final = 2.0
ARRAY_OFFSETS_S: Final = {"array-logs": -1.5, "array-databases": 0.75}

SET_ID: Final = "5f1c2b9a-0000-4000-8000-000000000001"
SESSION_ID: Final = "session-1"
WRITERS: Final = (
    WriterInstance("76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "writer-1", "Microsoft Exchange Writer"),
    WriterInstance("76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "writer-2", "Microsoft Exchange Replica Writer"),
)


def judged(facts: WindowFacts, grade: Grade = Grade.WRITER_VERIFIED) -> tuple[Finding, ...]:
    """Return what the judge says of a set that is to be called application-consistent, or less."""
    return judge(facts, grade)


def ours(after_s: float) -> Reading:
    """Return what our clocks said so many seconds after the start."""
    return Reading(START + timedelta(seconds=after_s), 1000.0 + after_s)


def the_hosts(after_s: float) -> Reading:
    """Return what the host's clocks said so many seconds after the start on ours."""
    return Reading(START + timedelta(seconds=after_s + HOST_OFFSET_S), 77.0 + after_s)


def sound_facts() -> WindowFacts:
    """Return the facts of a window that satisfies all of R1."""
    before = (
        MapRow(r"E:\DB01\DB01.edb", r"\\?\Volume{d1}" "\\", "naa.d1", "array-databases", "vol-d1"),
        MapRow(r"E:\DB02\DB02.edb", r"\\?\Volume{d2}" "\\", "naa.d2", "array-databases", "vol-d2"),
        MapRow(r"L:\DB01\E00.log", r"\\?\Volume{l1}" "\\", "naa.l1", "array-logs", "vol-l1"),
        MapRow(r"L:\DB02\E01.log", r"\\?\Volume{l2}" "\\", "naa.l2", "array-logs", "vol-l2"),
    )
    return WindowFacts(
        set_id=SET_ID,
        session_id=SESSION_ID,
        selected=WRITERS,
        budgets=DEFAULT_BUDGETS,
        freeze_asked=ours(0.0),
        freeze=FreezeReport(reports(WriterState.WAITING_FOR_THAW), the_hosts(0.3), the_hosts(0.7)),
        freeze_seen=ours(0.8),
        cuts=(
            cut_facts("array-logs", ("vol-l1", "vol-l2"), asked_s=0.81, acknowledged_s=0.96),
            cut_facts("array-databases", ("vol-d1", "vol-d2"), asked_s=0.82, acknowledged_s=0.97),
        ),
        release_sent=ours(1.0),
        release=ReleaseReport(
            hold_ended_by=HoldEnd.RELEASE,
            hold_s=0.4,
            frozen_s=0.9,
            set_status=VSS_S_ASYNC_FINISHED,
            released_at=the_hosts(1.1),
            thawed_at=the_hosts(1.2),
        ),
        release_seen=ours(1.3),
        host_clock=ClockOffset(HOST_OFFSET_S, 0.005),
        writers_after=reports(WriterState.WAITING_FOR_BACKUP_COMPLETE),
        map_before=before,
        map_after=before,
    )


def reports(state: WriterState) -> tuple[WriterReport, ...]:
    """Return one report of every selected writer instance, all well and in this state."""
    return tuple(WriterReport(writer.instance_id, SESSION_ID, state) for writer in WRITERS)


def cut_facts(
    array: str, planned: tuple[str, ...], *, asked_s: float, acknowledged_s: float, cut_s: float = 0.9
) -> CutFacts:
    """Return one array's part: everything planned was cut, at one instant."""
    cut_at = START + timedelta(seconds=cut_s + ARRAY_OFFSETS_S[array])
    return CutFacts(
        array_id=array,
        array_name=f"{array}-name",
        cut_name=f"qsc-lab001-run0000001-1.{array}",
        planned=planned,
        asked_at=ours(asked_s),
        acknowledged_at=ours(acknowledged_s),
        listed=tuple(
            CutMember(
                source_volume_id=volume_id,
                replica_id=f"replica-of-{volume_id}",
                replica_name=f"qsc-lab001-run0000001-1.{volume_id}",
                cut_at=cut_at,
            )
            for volume_id in planned
        ),
        clock=ClockOffset(ARRAY_OFFSETS_S[array], 0.005),
        precision_s=0.001,
    )


def with_cut(facts: WindowFacts, which: int, cut: CutFacts) -> WindowFacts:
    """Return the facts with one array's part exchanged."""
    return replace(facts, cuts=(*facts.cuts[:which], cut, *facts.cuts[which + 1 :]))
