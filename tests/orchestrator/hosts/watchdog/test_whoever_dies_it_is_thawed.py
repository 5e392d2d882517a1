"""Orchestrator and watchdog really killed, and recovery after both."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.watchdog import takeover
from orchestrator.hosts.watchdog.held_set import recover_held_set
from orchestrator.hosts.watchdog.lease import Lease, LeaseClaim, boot_id, find_lease
from orchestrator.hosts.watchdog.process_identity import ProcessIdentity
from orchestrator.hosts.watchdog.takeover import recover
from tests.orchestrator.hosts.watchdog import orchestrator_child
from tests.orchestrator.hosts.watchdog.folder_hold import HoldFolder
from tests.orchestrator.hosts.watchdog.patience import until
from tests.orchestrator.hosts.watchdog.processes import ended

pytestmark = pytest.mark.journey  # through a process of its own, or real waiting


@pytest.fixture
def child(held: HoldFolder, claim: LeaseClaim) -> Iterator[subprocess.Popen[str]]:
    with orchestrator_child.begin(held.spec, claim) as child:
        yield child
        child.kill()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        yield sleeper
        sleeper.kill()


async def test_a_killed_orchestrator_is_noticed_at_once(
    child: subprocess.Popen[str], held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = orchestrator_child.watchdog_of(child)
    assert held.frozen
    child.kill()
    await until(lambda: not held.frozen)
    await until(lambda: ended(watchdog))
    assert not claim.path.exists()
    await recover_held_set(claim.folder, claim.set_id, claim.fence)


async def test_a_watchdog_goes_on_trying_when_nobody_listens_any_more(
    child: subprocess.Popen[str], held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = orchestrator_child.watchdog_of(child)
    held.let("thaw-fails")
    child.kill()
    os.kill(watchdog, signal.SIGTERM)
    await until(lambda: held.calls.count("thaw") > 2)
    assert not ended(watchdog)
    assert claim.path.exists()
    held.let_no_more("thaw-fails")
    await until(lambda: ended(watchdog))
    assert not held.frozen


async def test_after_both_were_killed_recovery_thaws(
    child: subprocess.Popen[str], held: HoldFolder, claim: LeaseClaim
) -> None:
    os.kill(orchestrator_child.watchdog_of(child), signal.SIGKILL)
    child.kill()
    assert held.frozen
    await recover_held_set(claim.folder, claim.set_id, claim.fence)
    assert not held.frozen
    assert not claim.path.exists()
    await recover_held_set(claim.folder, claim.set_id, claim.fence)


async def test_recovery_kills_a_watchdog_that_cannot_notice_its_orchestrators_death(
    child: subprocess.Popen[str], held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = orchestrator_child.watchdog_of(child)
    os.kill(watchdog, signal.SIGSTOP)
    child.kill()
    await recover_held_set(claim.folder, claim.set_id, claim.fence)
    assert ended(watchdog)
    assert not held.frozen


def test_recovery_with_another_fencing_token_is_refused(
    child: subprocess.Popen[str], held: HoldFolder, claim: LeaseClaim
) -> None:
    orchestrator_child.watchdog_of(child)
    with pytest.raises(HostError, match="fencing token"):
        recover(claim.folder, claim.set_id, claim.fence + 1)
    assert held.frozen


@pytest.mark.parametrize("set_id", ["unknown", "../../etc/passwd", "*", ""])
def test_recovery_of_an_unknown_set_is_success(tmp_path: Path, claim: LeaseClaim, set_id: str) -> None:
    recover(tmp_path / "no such folder", set_id, 1)
    recover(tmp_path, set_id, 1)


def lease_of(claim: LeaseClaim, held: HoldFolder, process: ProcessIdentity) -> Lease:
    lease = Lease(claim, held.spec, process, boot_id())
    lease.write()
    held.let("frozen")
    return lease


def test_a_freeze_is_as_old_as_the_machines_life_at_most(
    claim: LeaseClaim, held: HoldFolder, sleeper: subprocess.Popen[bytes]
) -> None:
    lease = lease_of(claim, held, ProcessIdentity.of(sleeper.pid))
    replace(lease, boot_id="another life").write()
    recover(claim.folder, claim.set_id, claim.fence)
    assert held.calls == []
    assert not ended(sleeper.pid)
    assert not claim.path.exists()


def test_a_process_that_only_has_the_watchdogs_number_is_left_alone(
    claim: LeaseClaim, held: HoldFolder, sleeper: subprocess.Popen[bytes]
) -> None:
    its_own = ProcessIdentity.of(sleeper.pid)
    lease_of(claim, held, replace(its_own, started=its_own.started - 1))
    recover(claim.folder, claim.set_id, claim.fence)
    assert not held.frozen
    assert not ended(sleeper.pid)


def test_nothing_is_thawed_beside_a_watchdog_that_will_not_die(
    claim: LeaseClaim, held: HoldFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease_of(claim, held, ProcessIdentity.of(os.getpid()))
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda *_: None)  # as if inside a freeze that lasts
    monkeypatch.setattr(takeover, "DEATH_S", 0.05)
    with pytest.raises(HostError, match="has not ended") as failed:
        recover(claim.folder, claim.set_id, claim.fence)
    assert failed.value.code == "host.still-frozen"
    assert held.calls == []
    assert claim.path.exists()


@pytest.mark.parametrize("fault", ["thaw-fails", "not-proven"])
def test_a_lease_stays_until_the_thaw_is_proven(
    claim: LeaseClaim, held: HoldFolder, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    lease_of(claim, held, ProcessIdentity(os.getpid(), 0))
    monkeypatch.setattr(takeover, "PROOF_S", 0.05)
    held.let(fault)
    with pytest.raises(HostError):
        recover(claim.folder, claim.set_id, claim.fence)
    assert find_lease(claim.folder, claim.set_id) is not None
    held.let_no_more(fault)
    recover(claim.folder, claim.set_id, claim.fence)
    assert find_lease(claim.folder, claim.set_id) is None
    assert not held.frozen


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"claim": 1}'])
def test_a_lease_that_cannot_be_read_is_not_taken_for_none(claim: LeaseClaim, text: str) -> None:
    claim.folder.mkdir()
    claim.path.write_text(text)
    with pytest.raises(HostError) as failed:
        recover(claim.folder, claim.set_id, claim.fence)
    assert failed.value.code == "host.still-frozen"
    assert str(claim.path) in str(failed.value)


def test_a_lease_that_cannot_be_written_is_an_error(claim: LeaseClaim, held: HoldFolder) -> None:
    claim.folder.write_text("in the way")
    with pytest.raises(HostError, match="cannot be written"):
        Lease(claim, held.spec, ProcessIdentity(1, 1), boot_id()).write()


def test_two_claims_of_one_subject_do_not_both_stand(claim: LeaseClaim, held: HoldFolder) -> None:
    first = lease_of(claim, held, ProcessIdentity(1, 1))
    second = replace(first, claim=replace(claim, set_id="another"))
    with pytest.raises(HostError) as busy:
        second.write()
    assert busy.value.code == "host.busy"
    assert [one.name for one in claim.folder.iterdir()] == [claim.path.name]
    replace(first, claim=replace(claim, subject="other", set_id="another")).write()
    assert find_lease(claim.folder, "*") is None


@pytest.mark.parametrize("name", ["", "../up", "a.b", "a/b", "x" * 65])
def test_what_becomes_part_of_a_files_name_is_checked(tmp_path: Path, name: str) -> None:
    for subject, set_id in ((name, "set"), ("fake", name)):
        with pytest.raises(HostError, match="lease's name"):
            LeaseClaim(tmp_path, subject, set_id, 1, "session")
