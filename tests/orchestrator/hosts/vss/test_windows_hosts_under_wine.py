"""Our requestor, relay, pipe and VSS provider, as Windows programs, against a mock of VSS.

What Windows itself does is the mock's word only. What ours do is real: the COM calls, by the compiler's own
tables; the DLL; the pipe; Windows' Python.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.hosts.vss.shim.build import compile_windows
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED
from tests.orchestrator.hosts.vss import headers_probe
from tests.orchestrator.hosts.vss.wine import SCALE, Told, Wine, exchange_script, missing_for_wine

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

VETO = 0x8004_2306
HOLD_TIMEOUT = 0x8004_2314
WHOLE_RUN = ("open", "freeze", "thaw", "writer_status", "succeed")
FAILED_RUN = ("open", "freeze", "thaw", "abort")


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    if lacking := missing_for_wine():
        pytest.skip(f"missing: {lacking}")
    machine = Wine(tmp_path_factory.mktemp("wine"))
    try:
        machine.start()
        yield machine
    finally:
        machine.stop()


def nothing_is_owed(told: Told) -> None:
    """Check what must hold after every run, however it went."""
    assert len(told.logged("freeze")) <= len(told.logged("thaw")) + len(told.logged("abort M"))
    assert len(told.logged("hold")) == len(told.logged("release")) - len(told.logged("released"))
    assert not told.logged("unexpected")
    assert not told.logged("released")  # too often, or with a backup in progress
    assert not told.logged("async released while pending")
    assert set(told.logged("objects left")) == {"objects left 0"}
    assert set(told.logged("provider references left")) <= {"provider references left 0"}


def test_a_set_is_held_released_and_completed(wine: Wine) -> None:
    told = wine.drive(*WHOLE_RUN)
    nothing_is_owed(told)
    assert not [step for step in told.steps if "error" in step]
    thawed = told.of("thaw")["result"]
    assert (thawed["ended"], thawed["status"]) == ("release", VSS_S_ASYNC_FINISHED)
    assert told.of("writer_status")["result"] == [["WAITING_FOR_BACKUP_COMPLETE", 0, 0]]
    assert told.logged("succeeded") == ["succeeded aa 1", "succeeded bb 1"]
    assert told.logged("backup_type") == ["backup_type 5"]
    order = [
        "BEGIN_VOLUME",
        "BEGIN_VOLUME",
        "END_PREPARE",
        "PRE_COMMIT",
        "COMMIT",
        "POST_COMMIT",
        "PRE_FINAL_COMMIT",
        "POST_FINAL_COMMIT",
    ]
    assert told.calls == order
    assert told.of("end")["ending"] == "RELEASED"


def test_a_hold_lasts_until_it_is_released(wine: Wine) -> None:
    told = wine.drive("open", "freeze", "wait", "thaw", "succeed", wait_s=1.2)
    nothing_is_owed(told)
    assert told.at_ms("release") - told.at_ms("hold") >= 1150
    assert 1.15 <= told.of("thaw")["result"]["hold_s"] < 2.9


def test_a_context_that_vss_does_not_know_is_weakened_until_it_does(wine: Wine) -> None:
    script = exchange_script("refuse_context|40020")
    told = wine.drive(*WHOLE_RUN, script=script, context=0x40029)
    nothing_is_owed(told)
    assert told.logged("set_context") == [
        "set_context 8004231b",
        "set_context 8004231b",
        "set_context 00000000",
    ]
    assert told.of("end")["ending"] == "RELEASED"


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("fault|gather_metadata|fail|80042318", "open"),
        ("fault|start_set|fail|8004230d", "open"),
        ("fault|prepare_backup|fail|800423f4", "open"),
        ("fault|on_prepare_backup|fail|800423f3|Microsoft Exchange Writer", "open"),
        ("fault|end_prepare|fail|8004231f", "freeze"),
        ("fault|freeze|fail|800423f2|Microsoft Exchange Writer", "freeze"),
        ("fault|pre_commit|fail|8004230f", "freeze"),
        ("fault|flush_hold|fail|80042313", "freeze"),
        ("fault|commit|fail|8004230f", "freeze"),
    ],
)
def test_a_step_that_fails_before_the_hold_leaves_nothing_frozen(wine: Wine, fault: str, step: str) -> None:
    told = wine.drive(
        *FAILED_RUN[: FAILED_RUN.index(step) + 1],
        "abort" if step != "open" else "wait",
        wait_s=0,
        script=exchange_script(fault),
    )
    nothing_is_owed(told)
    assert told.code(step).startswith("host.")
    assert "COMMIT" not in told.calls


@pytest.mark.parametrize("step", ["post_commit", "pre_final_commit", "post_final_commit"])
def test_a_step_that_fails_after_the_hold_fails_the_set(wine: Wine, step: str) -> None:
    told = wine.drive(*FAILED_RUN, script=exchange_script(f"fault|{step}|fail|80042306"))
    nothing_is_owed(told)
    assert told.of("thaw")["result"]["status"] == VETO
    assert "ABORT" in told.calls


@pytest.mark.parametrize(
    ("step", "state"),
    [("prepare_snapshot", "PREPARE_SNAPSHOT"), ("thaw", "THAW"), ("post_snapshot", "POST_SNAPSHOT")],
)
def test_a_writer_that_fails_without_failing_the_set_is_seen(wine: Wine, step: str, state: str) -> None:
    fault = f"fault|{step}|fail|800423f3|Microsoft Exchange Writer"
    told = wine.drive("open", "freeze", "thaw", "writer_status", "abort", script=exchange_script(fault))
    nothing_is_owed(told)
    assert told.of("thaw")["result"]["status"] == VSS_S_ASYNC_FINISHED
    assert told.of("writer_status")["result"] == [[f"FAILED_AT_{state}", 0x8004_23F3, 0]]


def test_a_hold_that_vss_ends_is_told_as_such(wine: Wine) -> None:
    told = wine.drive(*FAILED_RUN, script=exchange_script(f"fault|commit|late|{int(11_000 * SCALE)}"))
    nothing_is_owed(told)
    assert told.of("thaw")["result"]["ended"] == "hold-limit"
    assert told.of("thaw")["result"]["status"] == HOLD_TIMEOUT


def test_a_writer_that_hangs_in_its_freeze_is_given_up_in_time(wine: Wine) -> None:
    script = exchange_script("fault|freeze|hang")
    told = wine.drive("open", "freeze", "abort", script=script, dead_man_s=1.0)
    nothing_is_owed(told)
    assert told.code("freeze") == "host.freeze-failed"
    assert told.of("freeze")["took_s"] < 1.5


def test_without_a_thaw_the_provider_ends_the_hold_at_the_dead_mans_instant(wine: Wine) -> None:
    told = wine.drive("open", "freeze", "wait", "thaw", "abort", dead_man_s=1.2, wait_s=2.0)
    nothing_is_owed(told)
    assert told.of("thaw")["result"]["ended"] == "dead-man"
    assert told.of("thaw")["result"]["status"] == VETO
    assert 900 <= told.at_ms("release") - told.at_ms("hold") <= 1300


def test_without_a_thaw_a_hold_is_no_longer_than_its_own_limit(wine: Wine) -> None:
    told = wine.drive("open", "freeze", "wait", "thaw", "abort", hold_s=0.7, wait_s=1.5)
    nothing_is_owed(told)
    assert told.of("end")["ending"] == "DEADLINE"
    assert 600 <= told.at_ms("release") - told.at_ms("hold") <= 850


def test_a_veto_ends_the_hold_at_once(wine: Wine) -> None:
    told = wine.drive("open", "freeze", "veto", "thaw", "abort")
    nothing_is_owed(told)
    assert told.of("thaw")["result"]["ended"] == "abort"
    assert told.at_ms("release") - told.at_ms("hold") < 300


def test_silence_before_the_freeze_is_a_veto(wine: Wine) -> None:
    told = wine.drive("open", bad=["silent", "BEGIN_VOLUME"])
    nothing_is_owed(told)
    assert told.logged("add_to_set") == [f"add_to_set {VETO:08x}"]


@pytest.mark.parametrize("method", ["PRE_COMMIT", "POST_COMMIT"])
def test_silence_in_the_freeze_is_a_veto_within_two_seconds(wine: Wine, method: str) -> None:
    told = wine.drive(*FAILED_RUN, bad=["silent", method])
    nothing_is_owed(told)
    assert told.logged("do_snapshot_set") == [f"do_snapshot_set {VETO:08x}"]
    assert told.at_ms("abort M") - told.at_ms("freeze") < 2500


def test_every_malformed_answer_is_a_veto(wine: Wine) -> None:
    ways = [
        "magic",
        "method",
        "reserved",
        "sequence",
        "set",
        "short",
        "long",
        "huge",
        "code",
        "late dead man",
        "long hold",
    ]
    told = wine.drive("every_bad_answer", bad=["code", "END_PREPARE"], ways=ways)
    nothing_is_owed(told)
    assert set(told.of("every_bad_answer")["result"].values()) == {f"host.vss-failed {VETO:#x}"}
    assert not told.logged("freeze")


def test_without_an_agent_no_host_volume_is_supported(wine: Wine) -> None:
    told = wine.drive("open", serve=False)
    nothing_is_owed(told)
    assert told.logged("add_to_set") == ["add_to_set 8004230e"]


def test_an_agent_that_is_killed_while_writes_are_held_ends_the_hold(wine: Wine, tmp_path: Path) -> None:
    handed: dict[str, Any] = {
        "set_id_file": "Z:" + str(tmp_path / "set").replace("/", "\\"),
        "dead_man_s": 9.0,
    }
    with (
        wine.driving("agent", "wait", wait_s=30, **handed) as (agent, _),
        wine.driving("requestor", "freeze", serve=False, **handed) as (requestor, log),
    ):
        assert agent.stdout is not None
        assert json.loads(agent.stdout.readline())["result"] is True  # CommitSnapshots waits
        agent.send_signal(signal.SIGKILL)
        out, err = requestor.communicate(timeout=60)
    told = Told([json.loads(line) for line in out.splitlines()], log.read_text(encoding="utf-8").splitlines())
    assert told.code("freeze"), err
    assert told.logged("do_snapshot_set") == [f"do_snapshot_set {VETO:08x}"]
    assert told.at_ms("release") - told.at_ms("hold") < 2000  # nine seconds before its dead man


def test_slots_ids_sizes_and_offsets_are_those_of_the_headers(wine: Wine, tmp_path: Path) -> None:
    program = tmp_path / "probe.cpp"
    program.write_text(headers_probe.source(), encoding="utf-8")
    compile_windows([program], tmp_path / "probe.exe")
    said = wine.run_program(tmp_path / "probe.exe").splitlines()
    assert [line for line in said if line] == headers_probe.ours()
