"""Failures from the freeze on: writes flow again, the hold is told as it was, and nothing is owed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread

import pytest

from orchestrator.errors import HostError
from orchestrator.errors.hresults import RetryClass
from orchestrator.hosts.vss.provider.pipe_protocol import Method
from orchestrator.hosts.vss.requestor.failures import VssFailure
from orchestrator.hosts.vss.requestor.thread import ComThread
from orchestrator.hosts.vss.vss_set import VssSet
from orchestrator.model.hosts import HoldEnd, ReleaseReport
from tests.orchestrator.hosts.vss.fake_vss import CANCELLED, VETO
from tests.orchestrator.hosts.vss.vss_lab import Lab

RETRYABLE = 0x800423F3


def frozen(lab: Lab, **others: object) -> VssSet:
    opened = lab.host.open(lab.plan(**others))
    opened.freeze(5.0)
    return opened


def in_thread(work: Callable[[], object]) -> Future[object]:
    """Begin something that blocks, beside the test."""
    future: Future[object] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except HostError as error:
            future.set_exception(error)

    Thread(target=run).start()
    return future


def test_a_thaw_that_overtakes_the_freeze_keeps_it_from_holding() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    gate = lab.vss.gates[Method.END_PREPARE] = Event()
    freezing = in_thread(lambda: opened.freeze(20.0))
    lab.until_called("DoSnapshotSet")
    thawing = in_thread(opened.thaw)
    with pytest.raises(TimeoutError):
        thawing.result(0.02)
    gate.set()
    with pytest.raises(VssFailure):
        freezing.result(5)
    release = thawing.result(5)
    assert isinstance(release, ReleaseReport)
    assert release.hold_ended_by is HoldEnd.NEVER_HELD
    opened.abort()
    lab.no_leak()


def test_a_second_thaw_while_the_first_is_under_way_does_not_undo_it() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    gate = lab.vss.gates[Method.POST_COMMIT] = Event()
    opened.freeze(5.0)
    thawing = [in_thread(opened.thaw), in_thread(opened.thaw)]
    with pytest.raises(TimeoutError):
        thawing[1].result(0.02)
    gate.set()
    for one in thawing:
        release = one.result(5)
        assert isinstance(release, ReleaseReport)
        assert (release.hold_ended_by, release.set_status) == (HoldEnd.RELEASE, 0x0004230A)
    opened.abort()


def test_a_freeze_that_took_too_long_cannot_hold_any_more() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    gate = lab.vss.gates[Method.PRE_COMMIT] = Event()
    with pytest.raises(HostError, match="not ready"):
        opened.freeze(0.2)
    gate.set()
    assert lab.vss.provider is not None
    lab.vss.provider.join(5)
    assert Method.COMMIT not in [one.method for one in lab.relay.history]
    opened.abort()
    lab.no_leak()


def test_a_set_that_was_given_up_before_its_turn_is_not_made() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    opened._stop.set()
    with pytest.raises(VssFailure):
        opened.freeze(5.0)
    assert "DoSnapshotSet" not in lab.runtime.calls
    opened.abort()


def test_a_session_that_vss_does_not_let_go_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    monkeypatch.setattr(ComThread, "join", lambda *_: False)
    with pytest.raises(HostError) as late:
        opened.abort()
    assert late.value.code == "host.vss-late"


def test_what_a_writer_calls_failed_by_its_own_code_is_failed() -> None:
    lab = Lab()
    opened = frozen(lab)
    opened.thaw()
    lab.exchange.application = 0xC7FF07D7
    assert opened.writer_status()[0].failure == 0xC7FF07D7
    opened.abort()


def test_an_abort_inside_the_hold_vetoes_and_aborts_the_backup() -> None:
    lab = Lab()
    opened = frozen(lab)
    opened.abort()
    opened.abort()
    assert lab.relay.history[-1].method is Method.ABORT
    assert lab.runtime.calls.count("AbortBackup") == 1
    assert opened.thaw().hold_ended_by is HoldEnd.ABORT
    lab.no_leak()


def test_an_abort_before_the_freeze_lets_nothing_freeze_any_more() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    opened.abort()
    with pytest.raises(HostError) as lost:
        opened.freeze(5.0)
    assert lost.value.code == "host.session-lost"
    assert lab.runtime.calls.count("AbortBackup") == 1
    assert "DoSnapshotSet" not in lab.runtime.calls
    lab.no_leak()


def test_after_a_thaw_nothing_freezes_any_more() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    assert opened.thaw().hold_ended_by is HoldEnd.NEVER_HELD
    with pytest.raises(HostError, match="frozen or thawed before"):
        opened.freeze(5.0)
    opened.abort()


@pytest.mark.parametrize("dead_man_s", [0.0, -1.0, 20.1, float("nan")])
def test_a_dead_man_that_is_none_is_refused(dead_man_s: float) -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    with pytest.raises(HostError, match="dead man"):
        opened.freeze(dead_man_s)
    assert "DoSnapshotSet" not in lab.runtime.calls
    opened.abort()


def test_a_set_that_fails_before_the_hold_is_told_by_its_hresult() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    lab.vss.failing = {"DoSnapshotSet": 0x8004230F}
    with pytest.raises(VssFailure, match="DoSnapshotSet failed with 0x8004230f") as failed:
        opened.freeze(5.0)
    assert failed.value.retry is RetryClass.LATER
    release = opened.thaw()
    assert (release.hold_ended_by, release.set_status) == (HoldEnd.NEVER_HELD, 0x8004230F)
    opened.abort()
    lab.no_leak()


def test_a_set_that_another_provider_made_is_no_success() -> None:
    lab = Lab()
    lab.vss.without_provider = True
    opened = lab.host.open(lab.plan())
    with pytest.raises(HostError, match="without our VSS provider") as failed:
        opened.freeze(5.0)
    assert failed.value.code == "host.freeze-failed"
    assert opened.thaw().hold_ended_by is HoldEnd.NEVER_HELD
    with pytest.raises(HostError, match="no success"):
        opened.complete(succeeded=True)
    opened.abort()
    lab.no_leak()


def test_a_freeze_that_never_comes_is_vetoed_at_the_dead_mans_time() -> None:
    lab = Lab()
    lab.vss.without_provider = True
    lab.vss.looks["DoSnapshotSet"] = 10**9
    opened = lab.host.open(lab.plan())
    with pytest.raises(HostError, match="not ready") as failed:
        opened.freeze(0.5)
    assert failed.value.code == "host.freeze-failed"
    opened.abort()
    assert lab.runtime.calls[lab.runtime.calls.index("Cancel") :][0:2] == ["Cancel", "AbortBackup"]
    lab.no_leak()


@pytest.mark.parametrize(
    ("status", "ended_by"),
    [
        (0x80042314, HoldEnd.HOLD_LIMIT),
        (0x800423F2, HoldEnd.WRITER_LIMIT),
        (0x8004230F, HoldEnd.RELEASE),
    ],
)
def test_the_final_status_says_what_ended_the_hold(status: int, ended_by: HoldEnd) -> None:
    lab = Lab()
    lab.vss.ending["DoSnapshotSet"] = status
    opened = frozen(lab)
    release = opened.thaw()
    assert (release.set_status, release.hold_ended_by) == (status, ended_by)
    with pytest.raises(HostError, match="no success"):
        opened.complete(succeeded=True)
    opened.abort()
    assert lab.runtime.calls.count("AbortBackup") == 1
    lab.no_leak()


def test_a_hold_that_the_relay_ends_by_itself_is_no_release() -> None:
    lab = Lab()
    opened = frozen(lab)
    lab.relay.veto()
    release = opened.thaw()
    assert (release.set_status, release.hold_ended_by) == (VETO, HoldEnd.ABORT)
    opened.abort()
    lab.no_leak()


def test_the_providers_word_on_the_hold_is_waited_for() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    lab.vss.late_word = True
    gate = lab.vss.gates[Method.ABORT] = Event()
    opened.freeze(5.0)
    lab.relay.veto()
    thawing = in_thread(opened.thaw)
    with pytest.raises(TimeoutError):
        thawing.result(0.05)
    gate.set()
    release = thawing.result(5)
    assert isinstance(release, ReleaseReport)
    assert release.hold_ended_by is HoldEnd.ABORT
    opened.abort()
    lab.no_leak()


def test_a_backup_complete_that_fails_is_not_repeated_but_aborted() -> None:
    lab = Lab()
    opened = frozen(lab)
    opened.thaw()
    lab.vss.ending["BackupComplete"] = RETRYABLE
    with pytest.raises(VssFailure, match="BackupComplete failed with 0x800423f3"):
        opened.complete(succeeded=True)
    with pytest.raises(HostError) as lost:
        opened.complete(succeeded=True)
    assert lost.value.code == "host.session-lost"
    assert (lab.runtime.calls.count("BackupComplete"), lab.runtime.calls.count("AbortBackup")) == (1, 1)
    lab.no_leak()


def test_states_that_cannot_be_asked_after_completion_undo_nothing() -> None:
    lab = Lab()
    opened = frozen(lab)
    opened.thaw()
    lab.vss.failing = {"GatherWriterStatus": 0x80042409}
    assert opened.complete(succeeded=True).writers == ()
    assert "AbortBackup" not in lab.runtime.calls
    lab.no_leak()


def test_an_abort_backup_that_fails_does_not_stop_the_releases() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    lab.vss.failing = {"AbortBackup": 0x80042301, "FreeWriterMetadata": 0x80042301}
    opened.abort()
    lab.no_leak()


def test_an_abort_gets_through_while_a_completion_hangs() -> None:
    lab = Lab()
    opened = frozen(lab)
    opened.thaw()
    lab.vss.looks["BackupComplete"] = 10**9
    raised: list[BaseException] = []

    def complete() -> None:
        try:
            opened.complete(succeeded=True)
        except HostError as error:
            raised.append(error)

    completing = Thread(target=complete)
    completing.start()
    lab.until_called("BackupComplete")
    opened.abort()
    completing.join(5)
    assert f"{CANCELLED:#010x}" in str(raised[0])
    assert lab.runtime.calls.count("AbortBackup") == 1
    lab.no_leak()
