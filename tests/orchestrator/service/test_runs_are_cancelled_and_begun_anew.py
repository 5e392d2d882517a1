"""A run is stopped by name, and a set that a passing trouble cost is begun anew."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine.progress import Phase
from orchestrator.errors import BadInput
from orchestrator.evidence import Aborted
from orchestrator.journal.cancel_wish import CancelWish
from orchestrator.journal.entries import EntryKind
from orchestrator.model.grades import RunStatus
from orchestrator.policy import retry
from orchestrator.service import attempts, runs
from orchestrator.service.cancellation import cancel_run
from orchestrator.service.supervision import perform_until_stopped, wait_unless_stopped
from tests.orchestrator.engine.fake_host import HostFault
from tests.orchestrator.engine.scene import Scene, a_job
from tests.orchestrator.service.world import Desk, World


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are over at once; the list says how long they would have been."""
    waits: list[float] = []

    async def wait(seconds: float, wished: object) -> bool:
        waits.append(seconds)
        return True

    monkeypatch.setattr(attempts, "wait_unless_stopped", wait)
    return waits


def test_a_writer_that_timed_out_is_given_ten_minutes_twice(
    desk: Desk, world: World, soon: list[float]
) -> None:
    world.host_fault = HostFault.WRITER_FAILED  # 0x800423F2
    result = desk.run()
    assert (result.status, soon) == (RunStatus.ABORTED, [600.0, 600.0])
    assert [each.set_name[-1] for each in (*result.earlier, result)] == ["1", "2", "3"]
    assert [type(claim) for claim in desk.claims()] == [Aborted] * 3
    assert {row.attempt for row in desk.rows()} == {1, 2, 3}
    assert world.left() == set()


def test_the_second_attempt_may_be_the_proven_one(desk: Desk, world: World, soon: list[float]) -> None:
    world.host_fault = HostFault.WRITER_FAILED
    seen: list[str] = []

    def heal(phase: Phase, text: str) -> None:
        if phase is Phase.WAIT:
            seen.append(text)
            world.host_fault = HostFault.NONE

    result = runs.run_job(desk.installation, a_job(), heal)
    assert (result.status, result.set_name[-2:]) == (RunStatus.COMPLETED, "-2")
    assert [each.status for each in result.earlier] == [RunStatus.ABORTED]
    assert desk.kinds_of_claims() == ["Aborted", "Proof", "WritersAnswer"]
    assert "attempt 1 failed" in seen[0]


@pytest.mark.parametrize("fault", [HostFault.SESSION_RESTARTED, HostFault.OPEN_FAILS])
def test_what_no_status_code_calls_passing_is_not_tried_again(
    desk: Desk, world: World, soon: list[float], fault: HostFault
) -> None:
    world.host_fault = fault
    result = desk.run()
    assert (result.status, result.earlier, soon) == (RunStatus.ABORTED, (), [])


def test_a_job_may_want_one_attempt_only(desk: Desk, world: World, soon: list[float]) -> None:
    world.host_fault = HostFault.WRITER_FAILED
    assert desk.run(attempts=1).status is RunStatus.ABORTED
    assert soon == []


@pytest.mark.parametrize(
    ("code", "waits"),
    [
        (0x800423F3, [30.0, 600.0, None]),
        (0x80042314, [600.0, 600.0, None]),
        (0x800423F4, [None, None, None]),
        (0x800423F0, [None, None, None]),
        (None, [None, None, None]),
    ],
)
def test_how_long_to_wait_is_the_status_codes_to_say(code: int | None, waits: list[float | None]) -> None:
    assert [retry.wait_before_next(code, attempt, 3) for attempt in (1, 2, 3)] == waits


def test_an_error_is_blamed_by_the_code_in_its_words() -> None:
    assert retry.blamed(None, ["no code", "another set (0x80042316)", "0x800423f2"]) == 0x80042316


def test_what_a_writer_says_outweighs_the_words(desk: Desk, world: World, soon: list[float]) -> None:
    world.host_fault = HostFault.WRITER_FAILED
    facts = desk.run(attempts=1).facts
    assert facts is not None
    assert retry.blamed(facts, ["0x80042314"]) == 0x800423F2
    assert retry.blamed(replace(facts, writers_after=None), ["0x80042314"]) == 0x80042314


# ---------------------------------------------------------------- stopped by name


def test_a_run_that_waits_for_its_next_attempt_is_stopped_by_name(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.host_fault = HostFault.WRITER_FAILED

    async def wait(_seconds: float, wished: Callable[[], bool]) -> bool:
        await asyncio.to_thread(cancel_run, desk.installation, "nightly")
        return not await asyncio.to_thread(wished)

    monkeypatch.setattr(attempts, "wait_unless_stopped", wait)
    result = desk.run()
    assert (result.status, result.earlier) == (RunStatus.ABORTED, ())
    assert not CancelWish.about(desk.folder.journals, result.set_name).made()


def test_a_run_that_is_under_way_is_asked_to_stop(desk: Desk) -> None:
    result = desk.run()
    desk.cut_journal_after(result, EntryKind.TELLING)
    with desk.journal(result).open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for name in (result.set_name, "nightly"):
            assert cancel_run(desk.installation, name) == result.set_name
    assert CancelWish.about(desk.folder.journals, result.set_name).made()


@pytest.mark.parametrize("name", ["nightly", "another"])
def test_what_has_ended_cannot_be_stopped(desk: Desk, name: str) -> None:
    result = desk.run()
    with pytest.raises(BadInput, match="under way"):
        cancel_run(desk.installation, name)
    assert not CancelWish.about(desk.folder.journals, result.set_name).made()


async def test_a_wish_stops_a_run_and_undoes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.service.supervision.LOOK_S", 0.001)
    scene = Scene()
    scene.host.fault = HostFault.COMPLETE_HANGS
    wished = False
    task = asyncio.create_task(perform_until_stopped(scene.run, lambda: wished))
    await scene.host.is_frozen.wait()
    assert scene.run.result is None
    wished = True
    result = await task
    assert result.status is RunStatus.ABORTED
    assert not scene.host.frozen
    assert scene.left_behind() == set()


async def test_a_wait_ends_with_a_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.service.supervision.LOOK_S", 0.001)
    assert not await wait_unless_stopped(3600, lambda: True)
    assert await wait_unless_stopped(0.0)


def test_a_wish_is_forgotten_with_its_run(tmp_path: Path) -> None:
    wish = CancelWish.about(tmp_path, "set")
    wish.make()
    assert wish.made()
    wish.close()
    wish.close()
    assert not wish.made()
