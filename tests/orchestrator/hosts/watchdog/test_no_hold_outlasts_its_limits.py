"""What the watchdog's main thread decides, without a process of its own."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from orchestrator.hosts.watchdog.hold import HoldFailed
from orchestrator.hosts.watchdog.holding import Holding, Phase
from orchestrator.model.hosts import HoldEnd, ReleaseReport
from tests.orchestrator.hosts.watchdog.folder_hold import FolderHold, HoldFolder

pytestmark = pytest.mark.journey  # through a process of its own, or real waiting

WINDOW_S = 0.3
LONG_S = 60.0


class Watched:
    """A holding that is looked at when it has told so, or when it is due: what the keeper does."""

    def __init__(self, held: HoldFolder) -> None:
        self._told = threading.Event()
        self.holding = Holding(FolderHold(str(held.path)), self._told.set)

    def look_until(self, phase: Phase) -> None:
        give_up_at = time.monotonic() + LONG_S / 10
        while self.holding.phase is not phase:
            wake_at = self.holding.wake_at
            assert time.monotonic() < give_up_at
            self._told.wait(0.1 if wake_at is None else max(0.0, wake_at - time.monotonic()))
            self._told.clear()
            self.holding.look()

    def freeze(self, window_s: float = LONG_S, hold_s: float = LONG_S) -> None:
        self.holding.freeze(time.monotonic() + window_s, hold_s)

    def frozen(self) -> Watched:
        self.freeze()
        self.look_until(Phase.HELD)
        return self

    def released(self, cause: HoldEnd = HoldEnd.RELEASE) -> ReleaseReport:
        self.holding.end(cause)
        self.look_until(Phase.OVER)
        assert self.holding.release is not None
        return self.holding.release


@pytest.fixture
def watched(held: HoldFolder) -> Watched:
    return Watched(held)


def test_a_release_reports_both_counts_and_how_long_it_was_held(watched: Watched) -> None:
    watched.frozen()
    frozen = watched.holding.frozen
    assert frozen is not None
    report = watched.released()
    assert (frozen.file_systems, report.file_systems) == (2, 2)
    assert report.hold_ended_by is HoldEnd.RELEASE
    assert frozen.frozen_at.not_after(frozen.held_at)
    assert frozen.held_at.not_after(report.released_at)
    assert report.hold_s == frozen.held_at.elapsed_s(report.released_at)
    assert report.frozen_s == frozen.frozen_at.elapsed_s(report.thawed_at)


def test_what_is_dirty_is_flushed_before_the_freeze_and_outside_its_time(
    watched: Watched, held: HoldFolder
) -> None:
    held.let("flush-waits")
    watched.freeze()
    flushed_at = time.monotonic()
    held.let_no_more("flush-waits")
    watched.look_until(Phase.HELD)
    assert held.calls == ["flush", "freeze"]
    assert watched.holding.frozen is not None
    assert watched.holding.frozen.frozen_at.monotonic_s >= flushed_at
    watched.released()


def test_the_deadline_thaws_whatever_was_promised_for_the_hold(watched: Watched, held: HoldFolder) -> None:
    watched.freeze(window_s=WINDOW_S)
    watched.look_until(Phase.OVER)
    assert not held.frozen
    assert watched.holding.release is not None
    assert watched.holding.release.hold_ended_by is HoldEnd.DEAD_MAN
    assert watched.released() is watched.holding.release


def test_the_limit_of_the_hold_counts_from_when_everything_is_held(
    watched: Watched, held: HoldFolder
) -> None:
    held.let("freeze-waits")
    watched.freeze(hold_s=WINDOW_S)
    time.sleep(1.2 * WINDOW_S)  # a slow flush takes nothing away from the hold
    watched.holding.look()
    assert watched.holding.phase is Phase.FREEZING
    held.let_no_more("freeze-waits")
    watched.look_until(Phase.OVER)
    assert watched.holding.release is not None
    assert watched.holding.release.hold_ended_by is HoldEnd.HOLD_LIMIT
    assert watched.holding.release.hold_s >= WINDOW_S


def test_a_deadline_that_has_passed_refuses_the_freeze(watched: Watched, held: HoldFolder) -> None:
    with pytest.raises(HoldFailed, match="before the freeze"):
        watched.freeze(window_s=-0.001)
    assert watched.holding.phase is Phase.OPEN
    assert not (held.path / "calls").exists()


def test_expiry_comes_before_a_release_that_arrives_at_the_same_time(watched: Watched) -> None:
    watched.freeze(window_s=WINDOW_S)
    watched.look_until(Phase.HELD)
    time.sleep(WINDOW_S)
    watched.holding.look()
    assert watched.released().hold_ended_by is HoldEnd.DEAD_MAN


@pytest.mark.parametrize("cause", [HoldEnd.DEAD_MAN, HoldEnd.RELEASE, HoldEnd.ABORT])
def test_a_freeze_under_way_is_waited_for_and_its_queue_cancelled_before_the_thaw(
    watched: Watched, held: HoldFolder, cause: HoldEnd
) -> None:
    held.let("freeze-waits")
    watched.freeze(window_s=WINDOW_S if cause is HoldEnd.DEAD_MAN else LONG_S)
    if cause is HoldEnd.DEAD_MAN:
        watched.look_until(Phase.THAWING)
    watched.holding.end(cause)
    assert watched.holding.phase is Phase.THAWING
    assert "thaw" not in held.calls
    assert watched.holding.thaw_failure is not None
    held.let_no_more("freeze-waits")
    watched.look_until(Phase.OVER)
    assert held.calls == ["flush", "thaw"]
    assert watched.holding.freeze_failure is not None
    assert watched.released().hold_ended_by is (HoldEnd.NEVER_HELD if cause is HoldEnd.RELEASE else cause)


def test_a_freeze_that_failed_is_thawed_unasked(watched: Watched, held: HoldFolder) -> None:
    held.let("freeze-fails")
    watched.freeze()
    watched.look_until(Phase.OVER)
    assert not held.frozen
    assert watched.holding.freeze_failure is not None
    assert watched.holding.freeze_failure.what == "freeze-fails"
    assert watched.released().hold_ended_by is HoldEnd.NEVER_HELD


def test_a_foreign_thaw_shows_in_the_counts(watched: Watched, held: HoldFolder) -> None:
    watched.frozen()
    held.let("one-was-thawed")
    report = watched.released()
    assert (report.hold_ended_by, report.file_systems) == (HoldEnd.FOREIGN, 1)


def test_a_foreign_thaw_shows_also_when_the_deadline_thawed_the_rest(
    watched: Watched, held: HoldFolder
) -> None:
    held.let("one-was-thawed")
    watched.freeze(window_s=WINDOW_S)
    watched.look_until(Phase.OVER)
    assert watched.released().hold_ended_by is HoldEnd.FOREIGN


def test_a_lost_count_is_no_proof(watched: Watched, held: HoldFolder) -> None:
    watched.frozen()
    held.let("count-lost")
    report = watched.released()
    assert (report.hold_ended_by, report.file_systems) == (HoldEnd.UNPROVEN, None)


@pytest.mark.parametrize("fault", ["thaw-fails", "not-proven"])
def test_the_thaw_is_tried_until_it_is_proven(watched: Watched, held: HoldFolder, fault: str) -> None:
    watched.frozen()
    held.let(fault)
    watched.holding.end(HoldEnd.RELEASE)
    for _ in range(3):
        due_at = watched.holding.wake_at
        assert due_at is not None
        assert due_at - time.monotonic() < WINDOW_S
        time.sleep(max(0.0, due_at - time.monotonic()))
        watched.holding.look()
        assert watched.holding.phase is Phase.THAWING
    assert held.calls.count("thaw") > 3
    held.let_no_more(fault)
    report = watched.released()
    assert not held.frozen
    # Which try thawed how many is not known once one has failed; of one that did not, it is.
    assert report.hold_ended_by is (HoldEnd.UNPROVEN if fault == "thaw-fails" else HoldEnd.RELEASE)


def test_a_hold_that_was_given_up_or_thawed_never_freezes_again(watched: Watched) -> None:
    assert watched.released().hold_ended_by is HoldEnd.NEVER_HELD
    with pytest.raises(HoldFailed, match="never after its thaw"):
        watched.freeze()


def test_no_signal_interrupts_the_calls_that_freeze(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked: set[int] = set()

    def freeze(_: FolderHold, __: threading.Event) -> int:
        blocked.update(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        return 0

    monkeypatch.setattr(FolderHold, "freeze", freeze)
    watched.frozen().released()
    assert blocked >= {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@pytest.mark.parametrize("call", ["freeze", "thaw"])
def test_whatever_a_hold_raises_it_is_thawed(
    watched: Watched, held: HoldFolder, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    whole: Callable[..., object] = getattr(FolderHold, call)

    def broken(self: FolderHold, *arguments: object) -> object:
        monkeypatch.setattr(FolderHold, call, whole)
        raise RuntimeError("a bug of somebody's")

    monkeypatch.setattr(FolderHold, call, broken)
    watched.freeze()
    if call == "thaw":
        watched.look_until(Phase.HELD)
    watched.released()
    assert not held.frozen
