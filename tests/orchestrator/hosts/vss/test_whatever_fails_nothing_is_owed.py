"""Each failing step: one error with code and HRESULT, AbortBackup where it is due, and no leak."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import HostError, Refused
from orchestrator.errors.hresults import RetryClass
from orchestrator.hosts.vss.requestor import steps
from orchestrator.hosts.vss.requestor.failures import VssFailure
from orchestrator.hosts.vss.requestor.session import Session
from orchestrator.hosts.vss.requestor.waiting import CANCEL_GRACE_S, Pacing
from orchestrator.hosts.vss.vss_set import VssSet
from tests.orchestrator.hosts.vss.fake_com import Status
from tests.orchestrator.hosts.vss.fake_devices import FakeVolume, extents, volume_name
from tests.orchestrator.hosts.vss.vss_lab import Lab

DENIED = 0x80070005
RETRYABLE = 0x800423F3


def must_not_open(lab: Lab, **others: object) -> HostError:
    """Open, see it fail with nothing left behind, and return the error."""
    plan = lab.plan(**others)
    with pytest.raises(HostError) as failed:
        lab.host.open(plan)
    lab.no_leak()
    return failed.value


def frozen(lab: Lab, **others: object) -> VssSet:
    opened = lab.host.open(lab.plan(**others))
    opened.freeze(5.0)
    return opened


BEFORE = [
    "InitializeForBackup",
    "SetContext",
    "SetBackupState",
    "GatherWriterMetadata",
    "GetWriterMetadataCount",
]
BEFORE += ["AddComponent", "StartSnapshotSet", "AddToSnapshotSet"]
AFTERWARDS = ["PrepareForBackup", "GatherWriterStatus", "GetWriterStatusCount", "GetWriterStatusEx"]
AFTERWARDS += ["GetWriterComponentsCount", "GetWriterComponents"]


@pytest.mark.parametrize("call", [*BEFORE, *AFTERWARDS])
def test_a_call_that_fails_before_the_freeze_leaves_nothing(call: str) -> None:
    lab = Lab()
    plan = lab.plan()
    lab.vss.failing = {call: 0x80042302}
    with pytest.raises(VssFailure) as failed:
        lab.host.open(plan)
    lab.no_leak()
    assert failed.value.code == "host.vss-failed"
    assert "0x80042302 (VSS_E_UNEXPECTED)" in failed.value.what
    assert failed.value.retry is RetryClass.SOON
    calls = lab.runtime.calls
    assert calls.count("AbortBackup") == (call in AFTERWARDS)
    if call in AFTERWARDS:
        assert calls.index("PrepareForBackup") < calls.index("AbortBackup") < calls.index("Release")


@pytest.mark.parametrize("operation", ["GatherWriterMetadata", "PrepareForBackup", "GatherWriterStatus"])
def test_an_operation_that_ends_badly_is_a_failure(operation: str) -> None:
    lab = Lab()
    plan = lab.plan()
    lab.vss.ending[operation] = 0x80042318
    with pytest.raises(VssFailure, match=f"{operation} failed with 0x80042318") as failed:
        lab.host.open(plan)
    assert failed.value.code == "host.writer-failed"
    lab.no_leak()


@pytest.mark.parametrize("status", [0, 0x00042301, 0x0004230B, 0x80042301])
def test_only_one_status_is_success(status: int) -> None:
    lab = Lab()
    lab.vss.ending["PrepareForBackup"] = status
    assert f"{status:#010x}" in must_not_open(lab).what


def test_without_rights_that_is_said() -> None:
    lab = Lab()
    plan = lab.plan()
    lab.runtime.vss = Status(DENIED)
    with pytest.raises(HostError) as failed:
        lab.host.open(plan)
    assert (failed.value.code, failed.value.subject) == ("host.vss-denied", "")
    assert "0x80070005" in failed.value.what
    lab.no_leak()


def test_a_thread_that_com_does_not_let_in_fails_every_work() -> None:
    lab = Lab()
    lab.runtime.entering = 0x80010106
    with pytest.raises(Exception, match="CoInitializeEx answered 0x80010106"):
        lab.host.survey()
    assert lab.runtime.leaks == []


def test_an_operation_that_hangs_is_cancelled_at_its_deadline() -> None:
    lab = Lab()
    lab.vss.looks["PrepareForBackup"] = 10**9
    plan = lab.plan()
    object.__setattr__(plan, "budgets", type(plan.budgets)(prepare_s=2.0))
    with pytest.raises(VssFailure) as failed:
        lab.host.open(plan)
    assert failed.value.code == "host.vss-late"
    calls = lab.runtime.calls
    assert calls.index("Cancel") < calls.index("AbortBackup") < calls.index("FreeWriterMetadata")
    lab.no_leak()


def test_an_operation_that_does_not_heed_its_cancelling_is_left() -> None:
    lab = Lab()
    lab.vss.looks["GatherWriterMetadata"] = 10**9
    lab.vss.deaf.add("GatherWriterMetadata")
    session = Session.open(lab.runtime, Pacing(lambda: lab.now_s, lab.skip), lambda: False)
    with pytest.raises(VssFailure) as failed:
        steps.gather_metadata(session, 0.05)
    assert failed.value.code == "host.vss-late"
    assert lab.now_s == pytest.approx(0.05 + CANCEL_GRACE_S, abs=0.1)
    session.close()
    lab.no_leak()


def test_success_after_the_deadline_is_none() -> None:
    lab = Lab()
    plan = lab.plan()
    object.__setattr__(plan, "budgets", type(plan.budgets)(prepare_s=0.2))
    lab.vss.looks["PrepareForBackup"] = 30  # 0.3 s at 10 ms each: it ends well while it is being cancelled
    with pytest.raises(VssFailure) as failed:
        lab.host.open(plan)
    assert failed.value.code == "host.vss-late"
    lab.no_leak()


def test_a_set_in_creation_is_waited_for_and_then_given_up() -> None:
    lab = Lab()
    lab.vss.failing = {"StartSnapshotSet": [0x80042316, 0x80042316]}
    plan = lab.plan()
    began = lab.now_s
    lab.host.open(plan).abort()
    assert lab.runtime.calls.count("StartSnapshotSet") == 3
    assert lab.now_s - began >= 10
    lab.vss.failing = {"StartSnapshotSet": 0x80042316}
    lab.runtime.calls.clear()
    error = must_not_open(lab)
    assert (error.code, "0x80042316" in error.what) == ("host.busy", True)
    assert lab.runtime.calls.count("StartSnapshotSet") == 120  # every 5 s, in 10 minutes
    lab.no_leak()


def test_a_weaker_context_is_tried_in_a_new_session_and_never_one_without_writers() -> None:
    lab = Lab()
    lab.vss.failing = {"SetContext": [0x8004231B, 0x8004231B]}
    lab.host.open(lab.plan()).abort()
    assert lab.vss.arguments["SetContext"] == [(0x40029,), (0x29,), (0x9,)]
    assert lab.runtime.calls.count("CreateVssBackupComponents") == 3
    lab.vss.failing = {"SetContext": 0x8004231B}
    assert "0x8004231b" in must_not_open(lab).what
    lab.no_leak()


@pytest.mark.parametrize("context", [0x10, 0x19, 0x1D, 0x40039])
def test_a_context_without_writers_is_refused(context: int) -> None:
    lab = Lab()
    plan = lab.plan(context=context)
    with pytest.raises(Refused) as refused:
        lab.host.open(plan)
    assert refused.value.code == "policy.no-writers-context"
    assert lab.runtime.calls == []


@pytest.mark.parametrize(("state", "failure"), [(7, RETRYABLE), (1, 0x800423F4), (5, 0), (0, 0), (99, 0)])
def test_a_selected_writer_that_is_not_ready_stops_the_set(state: int, failure: int) -> None:
    lab = Lab()
    lab.exchange.states = [(state, failure)]
    error = must_not_open(lab)
    assert (error.code, error.subject) == ("host.writer-failed", "Microsoft Exchange Writer")
    assert lab.runtime.calls.count("AbortBackup") == 1


def test_a_failure_of_the_writers_own_or_of_a_component_stops_the_set() -> None:
    lab = Lab()
    lab.exchange.application = 0xC7FF07D7
    assert "0xc7ff07d7" in must_not_open(lab).what
    lab = Lab()
    lab.exchange.parts[0].failed = 0x800423F4
    assert "failed: DB01" in must_not_open(lab).what


def test_a_selected_writer_that_is_gone_stops_the_set() -> None:
    lab = Lab()
    plan = lab.plan()
    lab.vss.writers = [lab.system]
    for components in (plan.components, ()):
        with pytest.raises(HostError) as failed:
            lab.host.open(replace(plan, components=components))
        assert failed.value.code == "host.writer-missing"
    lab.no_leak()


def test_a_writer_that_vanishes_while_it_prepares_stops_the_set() -> None:
    lab = Lab()
    lab.vss.GetWriterStatusCount = lambda: 0  # type: ignore[method-assign] # a double
    assert "0x80042319" in must_not_open(lab).what


def test_another_writer_may_fail_as_it_likes() -> None:
    lab = Lab()
    lab.system.states = [(9, RETRYABLE)]
    lab.system.broken = True
    opened = frozen(lab)
    opened.thaw()
    assert [one.failure for one in opened.writer_status()] == [0]
    opened.abort()
    lab.no_leak()


@pytest.mark.parametrize("part", [None, False])
def test_a_component_that_is_gone_or_cannot_be_selected_any_more_stops_the_set(part: bool | None) -> None:
    lab = Lab()
    plan = lab.plan()
    if part is None:
        lab.exchange.parts.clear()
    else:
        lab.exchange.parts[0].selectable = part
    with pytest.raises(HostError) as failed:
        lab.host.open(plan)
    assert (failed.value.code, failed.value.subject) == ("host.component-missing", "DB01")
    lab.no_leak()


def test_a_set_without_a_volume_that_a_component_needs_is_not_started() -> None:
    lab = Lab()
    error = must_not_open(lab, host_volumes=(volume_name("E"),))
    assert (error.code, error.subject) == ("host.volume-not-in-set", "DB01")
    assert "E00*.log" in error.what
    lab.devices.there[volume_name("M")] = FakeVolume(["E:\\DB01\\"], extents(2))
    error = must_not_open(lab, host_volumes=tuple(volume_name(one) for one in "EF"))
    assert volume_name("M") in error.what
    assert must_not_open(lab, host_volumes=(volume_name("Z"),)).code == "host.not-mounted"
    assert "StartSnapshotSet" not in lab.runtime.calls


def test_a_host_whose_volumes_cannot_be_listed_says_so() -> None:
    lab = Lab()
    lab.devices.there = {}
    with pytest.raises(HostError, match="cannot be listed") as failed:
        lab.host.survey()
    assert failed.value.code == "host.survey-failed"


def test_a_set_given_up_while_it_waits_for_another_one_waits_no_longer() -> None:
    lab = Lab()
    session = Session.open(lab.runtime, Pacing(lambda: lab.now_s, lab.pause), lambda: lab.now_s > 7)
    lab.vss.failing = {"StartSnapshotSet": 0x80042316}
    with pytest.raises(VssFailure):
        steps.start(session, 600)
    assert lab.now_s < 15
    session.close()
