from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.evidence import Verification, WritersAnswer
from orchestrator.model.grades import RunStatus
from orchestrator.model.verification import Verdict
from tests.journeys.home import Home
from tests.journeys.lab import running_lab

pytestmark = [pytest.mark.journey, pytest.mark.timeout(90)]


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Home]:
    """A home with a lab of its own: what is planted on the source stays there."""
    with running_lab(tmp_path / "lab") as lab:
        home = Home(tmp_path / "home", lab)
        home.register()
        yield home


def verification(home: Home) -> Verification:
    found = [record.claim for record in home.records() if isinstance(record.claim, Verification)]
    return found[-1]


def test_a_run_verifies_its_clones_and_signs_what_it_found(home: Home) -> None:
    ended = home.quiesce("run", home.job(clone=True, verify=True), "--json")
    assert ended.status == 0
    found = ended.result["verification"]
    assert found["verdict"] == "recoverable"
    assert {each["caption"]: each["verdict"] for each in found["components"]} == {
        "DB01": "recoverable",
        "DB02": "recoverable",
    }
    assert found["bytes"] > 1 << 20
    assert home.lab.shown() == []
    assert home.claims() == ["Proof", "WritersAnswer", "Verification"]
    signed = verification(home)
    assert (signed.verdict, len(signed.clones)) == (Verdict.RECOVERABLE, 4)
    assert all(any(file.lower().endswith(".edb") for file in each.files) for each in signed.components)
    (kept,) = home.sets().values()
    assert kept.verification is not None
    assert kept.verification["verdict"] == "recoverable"


def test_the_next_plan_says_when_the_verification_will_end(home: Home) -> None:
    job = home.job(clone=True, verify=True)
    assert home.quiesce_here("plan", job, "--json").result["verification"]["seconds"] is None
    home.quiesce("run", job, "--json")
    forecast = home.quiesce_here("plan", job, "--json").result["verification"]
    assert 0 < forecast["seconds"] < 60
    assert "MB/s" in forecast["basis"]


def test_a_bad_page_on_the_source_ends_in_quarantine_and_the_set_before_stays(own_home: Home) -> None:
    home = own_home
    job = home.job(clone=True, verify=True)
    good = home.quiesce("run", job, "--json").result["run"]
    before = home.lab.inventory()
    home.lab.host.fault("rot")

    ended = home.quiesce("run", job, "--json")
    assert ended.status == 5
    bad = ended.result["run"]
    assert (bad["status"], bad["problem"]["code"]) == ("failed-verification", "verify.contents-failed")
    assert "source" in bad["problem"]["remedy"]
    (damaged,) = [each for each in ended.result["verification"]["components"] if each["verdict"] == "damaged"]
    assert any(each["code"] == "ese.page-bad" and each["place"]["number"] for each in damaged["findings"])
    assert verification(home).verdict is Verdict.DAMAGED

    refused = home.quiesce("set", "present", bad["set"], "--json")
    assert (refused.status, refused.problem["code"]) == (3, "policy.quarantined")
    assert home.lab.shown() == []
    kept = home.sets()
    assert kept[bad["set"]].status is RunStatus.FAILED_VERIFICATION
    assert kept[bad["set"]].expires_at is not None
    assert (kept[good["set"]].status, kept[good["set"]].expires_at) == (RunStatus.COMPLETED, None)
    assert {key: found for key, found in home.lab.inventory().items() if key in before} == before
    assert home.quiesce("set", "present", good["set"], "--json").status == 0
    assert len(home.lab.shown()) == 4
    assert home.quiesce("set", "withdraw", good["set"], "--json").status == 0


@pytest.mark.parametrize("rotten", [False, True])
def test_writers_may_truncate_only_what_was_verified(own_home: Home, rotten: bool) -> None:
    home = own_home
    if rotten:
        home.lab.host.fault("rot")
    job = home.job(clone=True, verify=True, backup_type="full", truncate=True)
    ended = home.quiesce("run", job, "--json")
    assert ended.status == (5 if rotten else 0)
    assert home.claims() == ["Proof", "Verification", "WritersAnswer"]
    answer = home.records()[-1].claim
    assert isinstance(answer, WritersAnswer)
    assert (answer.told, answer.reply) == ("failed" if rotten else "succeeded", "answered")
    assert ("they keep their logs" in ended.result["run"]["note"]) is rotten
    assert len(answer.logs) == 2
    for each in answer.logs:
        assert (each.kept is not None) is rotten
        assert (each.before.lowest == each.after.lowest) is rotten
    assert [each["kept"] for each in ended.result["writers"]["logs"]] == [each.kept for each in answer.logs]
    if not rotten:  # what is left is all that recovery needs
        again = home.quiesce("run", home.job(clone=True, verify=True), "--json")
        assert again.status == 0
        assert verification(home).verdict is Verdict.RECOVERABLE


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"backup_type": "full"}, "policy.backup-type"),
        ({"truncate": True, "clone": True, "verify": True}, "policy.backup-type"),
        (
            {"backup_type": "incremental", "truncate": True, "clone": True, "verify": True},
            "policy.backup-type",
        ),
    ],
)
def test_one_key_alone_is_refused(home: Home, keys: dict[str, Any], code: str) -> None:
    ended = home.quiesce_here("run", home.job(**keys), "--json")
    assert ended.status == 3
    assert [each["code"] for each in ended.result["run"]["reasons"]] == [code]


@pytest.mark.parametrize("keys", [{"verify": True}, {"truncate": True}, {"clone": True, "truncate": True}])
def test_a_wish_that_cannot_come_true_is_bad_input(home: Home, keys: dict[str, Any]) -> None:
    ended = home.quiesce_here("run", home.job(**keys), "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.bad-key")


def test_clones_that_nobody_can_show_leave_the_contents_unchecked(home: Home) -> None:
    array = next(iter(home.lab.arrays))
    home.forget_array(array)
    home.register_array(array, settings={"request_life_s": "0.5"})
    ended = home.quiesce("run", home.job(clone=True, verify=True), "--json")
    assert ended.status == 8
    assert ended.result["run"]["status"] == "completed"
    assert "not verified" in ended.result["run"]["note"]
    assert home.claims() == ["Proof", "WritersAnswer"]
