"""What a session gives back when it is closed, and when it cannot even be opened."""

from __future__ import annotations

import pytest

from orchestrator.hosts.vss.requestor import steps
from orchestrator.hosts.vss.requestor.failures import VssFailure
from orchestrator.hosts.vss.requestor.session import Session
from orchestrator.hosts.vss.requestor.waiting import Pacing
from tests.orchestrator.hosts.vss.vss_lab import Lab


def opened(lab: Lab) -> Session:
    return Session.open(lab.runtime, Pacing(lambda: lab.now_s, lab.pause), lambda: False)


def test_closing_again_does_nothing() -> None:
    lab = Lab()
    session = opened(lab)
    steps.gather_metadata(session, 1.0)
    session.close()
    session.close()
    assert lab.runtime.calls.count("FreeWriterMetadata") == 1
    assert lab.runtime.leaks == []


@pytest.mark.parametrize("call", ["InitializeForBackup", "QueryInterface", "GetSessionId"])
def test_an_object_that_cannot_be_set_up_is_let_go(call: str) -> None:
    lab = Lab()
    lab.vss.failing = {call: 0x80042302}
    with pytest.raises(VssFailure, match="0x80042302"):
        opened(lab)
    assert lab.runtime.leaks == []


def test_what_fails_while_closing_is_kept_for_whoever_asks() -> None:
    lab = Lab()
    session = opened(lab)
    session.owes_abort = True
    lab.vss.failing = {"AbortBackup": 0x80042301}
    session.close()
    assert [error.hresult for error in session.cleanup_failures] == [0x80042301]
    assert lab.runtime.leaks == []
