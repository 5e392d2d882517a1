"""What each row of VSS's failure table leads to on the emulated host, in each form, as that table has it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.faults import LOSSES, ROW_FAULTS
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.model.hosts import HoldEnd, WriterState
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import fault, plan_for
from tests.orchestrator.hosts.emulated_exchange.host_on_virtual_time import WatchedStore, exchange_after

pytestmark = pytest.mark.virtual_time

FULL: Final = 1
DEAD_MAN_S: Final = 12.0
LATE_S: Final = 0.25
HELD_S: Final = 1.0
FINISHED: Final = 0x0004230A
TIMEOUT: Final = 0x800423F2

_W = WriterState
_H = HoldEnd


class Outcome(NamedTuple):
    """What is seen of a set that meets a fault.

    Attributes:
        failed: which request raised, its code, and when.
        thaw: how the hold ended, with which status, and when the thaw was answered; None if never opened.
        writer: state and code of the Exchange writer after the thaw; None if nobody can ask any more.
        truncated: whether logs were deleted by BackupComplete(true), which may be refused.
    """

    failed: tuple[str, str, float] | None
    thaw: tuple[HoldEnd, int, float] | None = None
    writer: tuple[WriterState, int] | None = None
    truncated: bool = False


GOOD: Final = (_W.WAITING_FOR_BACKUP_COMPLETE, 0)
UNDONE: Final = (_W.STABLE, 0)
TOLD_TO_ABORT: Final = (_W.FAILED_AT_FREEZE, 0x800423F3)
TIMED_OUT: Final = (_W.FAILED_AT_FREEZE, TIMEOUT)


def _freeze(code: str, at: float, status: int, writer: tuple[WriterState, int]) -> Outcome:
    return Outcome(("freeze", code, at), (_H.NEVER_HELD, status, at), writer)


def _late(status: int, at: float) -> Outcome:
    return Outcome(None, (_H.NEVER_HELD, status, at + LATE_S + HELD_S), TIMED_OUT)


def _thaw(end: HoldEnd, status: int, at: float, writer: tuple[WriterState, int]) -> Outcome:
    return Outcome(None, (end, status, at), writer)


TOO_LATE: Final = Outcome(
    ("freeze", "host.rejected", 600 + LATE_S), (_H.NEVER_HELD, 0x4230B, 600 + LATE_S), UNDONE
)
NOT_PREPARED: Final = Outcome(("open", "host.freeze-failed", 600.0))
VETO: Final = 0x80042306
RELEASED: Final = (_H.RELEASE, FINISHED, HELD_S)

EXPECTED: Final[dict[str, Outcome]] = {
    "gather-metadata:error": Outcome(("survey", "host.rejected", 0.0)),
    "gather-metadata:hang": Outcome(("plan", "no Exchange writer", 60.0)),
    "start-set:error": Outcome(("open", "host.busy", 0.0)),
    "start-set:hang": NOT_PREPARED,
    "start-set:late": TOO_LATE,
    "add-to-set:error": Outcome(("open", "host.rejected", 0.0)),
    "add-to-set:hang": NOT_PREPARED,
    "add-to-set:late": TOO_LATE,
    "prepare-for-backup:error": Outcome(("open", "host.writer-failed", 0.0)),
    "prepare-for-backup:hang": NOT_PREPARED,
    "prepare-for-backup:late": TOO_LATE,
    "end-prepare:error": _freeze("host.freeze-failed", 0.0, VETO, UNDONE),
    "end-prepare:hang": _freeze("host.freeze-failed", DEAD_MAN_S, VETO, TIMED_OUT),
    "end-prepare:late": _late(VETO, DEAD_MAN_S),
    # No Abort: the set is even finished, and only the writer's status tells.
    "on-prepare-snapshot:error": _thaw(*RELEASED, (_W.FAILED_AT_PREPARE_SNAPSHOT, 0x800423F3)),
    "on-prepare-snapshot:hang": _freeze("host.freeze-failed", DEAD_MAN_S, VETO, TIMED_OUT),
    "on-prepare-snapshot:late": _late(VETO, DEAD_MAN_S),
    "on-freeze:error": _freeze("host.writer-failed", 0.0, 0x80042315, (_W.FAILED_AT_FREEZE, 0x800423F4)),
    "on-freeze:hang": _freeze("host.freeze-failed", DEAD_MAN_S, VETO, TIMED_OUT),
    "on-freeze:late": _late(VETO, DEAD_MAN_S),
    "pre-commit:error": _freeze("host.freeze-failed", 0.0, VETO, TOLD_TO_ABORT),
    "pre-commit:hang": _freeze("host.freeze-failed", DEAD_MAN_S, VETO, TIMED_OUT),
    "pre-commit:late": _late(VETO, DEAD_MAN_S),
    "flush:error": _freeze("host.freeze-failed", 0.0, 0x80042313, TOLD_TO_ABORT),
    "flush:hang": _freeze("host.freeze-failed", 10.0, 0x80042313, TIMED_OUT),
    "flush:late": _late(0x80042313, 10.0),
    "commit:error": _thaw(_H.ABORT, 0x8004230F, HELD_S, TOLD_TO_ABORT),
    "commit:hang": _thaw(_H.HOLD_LIMIT, 0x80042314, 6.0, TIMED_OUT),
    "commit:late": _thaw(_H.HOLD_LIMIT, 0x80042314, 6.0 + LATE_S, TIMED_OUT),
    "post-commit:error": _thaw(_H.RELEASE, 0x8004230F, HELD_S, TOLD_TO_ABORT),
    "post-commit:hang": _thaw(_H.RELEASE, VETO, DEAD_MAN_S, TIMED_OUT),
    "post-commit:late": _thaw(_H.RELEASE, VETO, DEAD_MAN_S + LATE_S, TIMED_OUT),
    "on-thaw:error": _thaw(_H.RELEASE, 0x80042315, HELD_S, (_W.FAILED_AT_THAW, 0x800423F4)),
    "on-thaw:hang": _thaw(_H.RELEASE, VETO, DEAD_MAN_S, TIMED_OUT),
    "on-thaw:late": _thaw(_H.RELEASE, VETO, DEAD_MAN_S + LATE_S, TIMED_OUT),
    "get-target-luns:error": _thaw(_H.RELEASE, VETO, HELD_S, UNDONE),
    "get-target-luns:hang": _thaw(_H.RELEASE, VETO, HELD_S + 60, UNDONE),
    "get-target-luns:late": _thaw(_H.RELEASE, VETO, HELD_S + 60 + LATE_S, UNDONE),
    "on-post-snapshot:error": _thaw(*RELEASED, (_W.FAILED_AT_POST_SNAPSHOT, 0x800423F3)),
    "on-post-snapshot:hang": _thaw(_H.RELEASE, FINISHED, HELD_S + 60, (_W.FAILED_AT_POST_SNAPSHOT, TIMEOUT)),
    "on-post-snapshot:late": _thaw(
        _H.RELEASE, FINISHED, HELD_S + 60 + LATE_S, (_W.FAILED_AT_POST_SNAPSHOT, TIMEOUT)
    ),
    "backup-complete:error": _thaw(*RELEASED, GOOD),
    "backup-complete:hang": _thaw(*RELEASED, GOOD),
    "backup-complete:late": Outcome(None, RELEASED, GOOD, truncated=True),
    "writer-limit:error": _thaw(*RELEASED, (_W.FAILED_AT_THAW, TIMEOUT)),
    "requestor-lost:error": Outcome(("open", "host.session-lost", 0.0)),
    "host-restarts:error": Outcome(("open", "host.gone", 0.0)),
    "new-set-while-open:error": Outcome(
        ("freeze", "host.rejected", 0.0), (_H.NEVER_HELD, 0x80042301, 0.0), UNDONE
    ),
}
# What strikes a whole set, while it is held (2) and after its thaw (3).
LATER: Final[dict[tuple[str, int], Outcome]] = {
    ("requestor-lost:error", 2): Outcome(("freeze", "host.session-lost", 0.0), (_H.ABORT, 0x4230B, 0.0)),
    ("requestor-lost:error", 3): Outcome(
        ("thaw", "host.session-lost", HELD_S), (_H.RELEASE, FINISHED, HELD_S + LATE_S)
    ),
    ("host-restarts:error", 2): Outcome(("freeze", "host.gone", 0.0), (_H.UNPROVEN, 0x80042302, LATE_S)),
    ("host-restarts:error", 3): Outcome(
        ("thaw", "host.gone", HELD_S), (_H.UNPROVEN, 0x80042302, HELD_S + LATE_S)
    ),
    ("new-set-while-open:error", 2): _thaw(_H.FOREIGN, 0x80042301, HELD_S, UNDONE),
    ("new-set-while-open:error", 3): Outcome(None, RELEASED, GOOD, truncated=True),
}
CASES: Final = {(name, 1): outcome for name, outcome in EXPECTED.items()} | LATER


def test_every_row_and_form_has_an_expectation() -> None:
    assert set(EXPECTED) == set(ROW_FAULTS)
    assert {name for name, _ in LATER} == {f"{row}:error" for row in LOSSES}


async def outcome_of(host: InProcessHost) -> Outcome:
    """Make one full backup of DB01 as an engine would, whatever happens."""
    failed: tuple[str, str, float] | None = None

    async def ask(what: str, coroutine: Any) -> Any:
        nonlocal failed
        try:
            return await coroutine
        except HostError as error:
            failed = failed or (what, error.code, _now())
            return None

    survey = await ask("survey", host.survey())
    if survey is None:
        return Outcome(failed)
    if not any(one.name.startswith("Microsoft Exchange") for one in survey.writers):
        return Outcome(("plan", "no Exchange writer", _now()))
    host_set = await ask("open", host.open(replace(plan_for(survey), backup_type=FULL)))
    if host_set is None:
        return Outcome(failed)
    if await ask("freeze", host_set.freeze(DEAD_MAN_S)):
        await asyncio.sleep(HELD_S)
    thaw = await ask("thaw", host_set.thaw())
    if thaw is None:
        await asyncio.sleep(LATE_S)
        thaw = await ask("thaw", host_set.thaw())
    thawed_at = _now()
    reports = await ask("writer_status", host_set.writer_status())
    writer = await exchange_after(host, host_set) if reports else None
    report = await ask("complete", host_set.complete(succeeded=True))
    if report is None:
        await ask("abort", host_set.abort())
    return Outcome(
        failed if failed is None or failed[0] != "complete" else None,
        (thaw.hold_ended_by, thaw.set_status, thawed_at),
        None if writer is None else (writer.state, writer.failure),
        report is not None and any(one.kept is None for one in report.logs),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(("name", "position"), CASES)
async def test_a_row_leads_where_the_table_says_and_the_next_set_can_be_made(
    host: InProcessHost, store: WatchedStore, name: str, position: int
) -> None:
    host.inject(fault(name, delay_s=LATE_S, position=position))

    outcome = await outcome_of(host)

    assert outcome == CASES[name, position]
    assert not store.stopped
    await asyncio.sleep(LATE_S)
    survey = await host.survey()
    following = await host.open(plan_for(survey, set_id="set-2"))
    await following.freeze(DEAD_MAN_S)
    assert (await following.thaw()).set_status == FINISHED


async def test_a_failure_stands_in_the_application_log(host: InProcessHost) -> None:
    host.inject(fault("on-freeze:hang"))
    host.inject(fault("commit:error"))
    await outcome_of(host)
    assert ("VSS", 8229) in {(one.source, one.event_id) for one in host.host.events()}
    survey = await host.survey()
    following = await host.open(plan_for(survey, set_id="set-2"))
    await following.freeze(DEAD_MAN_S)
    await following.thaw()
    last = [(one.source, one.event_id) for one in host.host.events()][-2:]
    assert last == [("VSS", 12293), ("ESE", 2007)]


@pytest.mark.parametrize("name", ["post-commit:hang", "commit:hang"])
async def test_a_second_request_to_thaw_waits_for_the_first_and_says_the_same(
    host: InProcessHost, name: str
) -> None:
    host.inject(fault(name))
    host_set = await host.open(plan_for(await host.survey()))
    await host_set.freeze(DEAD_MAN_S)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await host_set.thaw()
    first, second = await asyncio.gather(host_set.thaw(), host_set.thaw())
    assert first == second
    assert first.set_status != FINISHED


async def test_an_abort_ends_a_step_that_hangs(host: InProcessHost, store: WatchedStore) -> None:
    host.inject(fault("pre-commit:hang"))
    host_set = await host.open(plan_for(await host.survey()))
    freezing = asyncio.create_task(host_set.freeze(DEAD_MAN_S))
    await asyncio.sleep(1.0)
    assert store.stopped
    await host_set.abort()
    assert not store.stopped
    with pytest.raises(HostError, match=r"over \(abort\)"):
        await freezing


async def test_a_late_success_is_told_as_if_nothing_had_happened(host: InProcessHost) -> None:
    host.inject(fault("flush:late"))
    host_set = await host.open(plan_for(await host.survey()))
    freeze = await host_set.freeze(DEAD_MAN_S)
    assert {(one.state, one.failure) for one in freeze.writers} == {(_W.WAITING_FOR_THAW, 0)}


async def test_writers_that_were_thawed_in_time_do_not_give_up_afterwards(host: InProcessHost) -> None:
    host.inject(fault("writer-limit:error", delay_s=2.0))
    host_set = await host.open(plan_for(await host.survey()))
    await host_set.freeze(DEAD_MAN_S)
    await asyncio.sleep(1.0)
    await host_set.thaw()
    await asyncio.sleep(5.0)
    after = await exchange_after(host, host_set)
    assert (after.state, after.failure) == GOOD
