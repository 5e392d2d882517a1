from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.registry.sets import Sets
from tests.journeys.home import Home
from tests.journeys.lab import DATABASES, LOGS

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


def made_set(home: Home, job: str = "nightly") -> tuple[str, Path]:
    """Run a job; return the id of its set and the path of its proof."""
    made = home.quiesce("run", home.job(job, clone=True), "--json").result
    return made["run"]["set"], Path(made["evidence"]["path"])


def test_a_set_that_safemode_keeps_is_void_and_stays_on_record_until_it_is_gone(home: Home) -> None:
    before = home.lab.inventory()
    set_id, evidence = made_set(home)
    (listed,) = home.quiesce_here("set", "list", "--json").result["sets"]
    assert (listed["set_id"], listed["grade"], listed["status"]) == (set_id, "writer-verified", "completed")

    for resource in ("protection-groups", "protection-group-snapshots", "volumes"):
        home.lab.arrays[DATABASES].fault("refuse-eradication", f"DELETE {resource}", position=0)
    deleted = home.quiesce_here("set", "delete", set_id, "--json")
    assert deleted.status == 0
    assert all(each.startswith(DATABASES) for each in deleted.result["void_pending"])
    assert len(deleted.result["void_pending"]) >= 3
    shown = home.quiesce_here("set", "show", set_id, "--json").result
    assert shown["grade"] is None
    assert "void-pending" in shown["note"]
    ours = {key: destroyed for key, (_, destroyed) in home.lab.inventory().items() if key not in before}
    assert {array for array, _, _ in ours} == {DATABASES}
    assert all(ours.values())

    home.lab.behave()
    assert home.quiesce_here("set", "delete", set_id, "--json").result["void_pending"] == []
    assert home.lab.inventory() == before
    assert home.quiesce_here("recover", "--json").result == {
        "runs": []
    }  # and what was deleted does not come back
    assert home.quiesce_here("set", "show", set_id, "--json").problem["code"] == "input.unknown-set"
    assert evidence.exists()


def test_a_copy_is_adopted_with_its_own_evidence_and_nothing_else(home: Home, tmp_path: Path) -> None:
    set_id, evidence = made_set(home)
    _, of_another = made_set(home, "other")
    Sets(home.database).remove(set_id)  # as if the database had been lost
    adopt = ("set", "adopt", set_id, "--array", LOGS, "--json")

    without = home.quiesce_here(*adopt)
    assert (without.status, without.problem["code"]) == (3, "policy.break-off-refused")
    assert "ESEUTIL" in without.problem["remedy"]
    assert "ISINTEG" in without.problem["remedy"]

    tampered = tmp_path / "tampered.json"
    tampered.write_bytes(evidence.read_bytes().replace(b"A", b"B", 1))
    altered = home.quiesce_here(*adopt, "--evidence", tampered)
    assert (altered.status, altered.problem["code"]) == (3, "policy.break-off-refused")
    assert any("evidence" in note for note in altered.problem["notes"])

    foreign = home.quiesce_here(*adopt, "--evidence", of_another)
    assert (foreign.status, foreign.problem["code"]) == (3, "evidence.wrong-subject")
    assert set_id not in home.sets()

    adopted = home.quiesce_here(*adopt, "--evidence", evidence)
    assert adopted.status == 0
    assert adopted.result["set_id"] == set_id
    assert adopted.result["grade"] == "writer-verified"
    assert len(home.sets()[set_id].replicas) == 4

    again = home.quiesce_here(*adopt, "--evidence", evidence)
    assert (again.status, again.problem["code"]) == (2, "input.already-registered")


def test_a_copy_without_a_freeze_is_refused_by_its_name_on_the_array(home: Home) -> None:
    refused = home.quiesce_here("set", "adopt", "db01-log.nightly", "--array", LOGS)
    assert refused.status == 3
    assert refused.out == ""
    assert "ESEUTIL" in refused.err
    assert "ISINTEG" in refused.err
    assert "policy.break-off-refused" in refused.err


def test_what_safemode_keeps_of_a_failed_run_is_no_copy_and_in_nobodys_way(home: Home) -> None:
    before = home.lab.inventory()
    for resource in ("protection-groups", "protection-group-snapshots"):
        home.lab.arrays[LOGS].fault("refuse-eradication", f"DELETE {resource}", position=0)
    home.lab.host.fault("writer-gone-after-thaw")
    failed = home.quiesce_here("run", home.job(), "--json")
    assert (failed.status, failed.result["run"]["status"]) == (4, "aborted")
    assert {each.split(":")[0] for each in failed.result["void_pending"]} == {LOGS}
    void_set = failed.result["run"]["set"]
    assert home.sets()[void_set].grade is None
    assert "void-pending" in home.sets()[void_set].note

    next_set, _ = made_set(home)
    home.lab.behave()
    for set_id in (void_set, next_set):
        assert home.quiesce_here("set", "delete", set_id, "--json").result["void_pending"] == []
    assert home.lab.inventory() == before
    assert home.sets() == {}
