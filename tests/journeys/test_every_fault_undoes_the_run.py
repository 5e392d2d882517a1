from __future__ import annotations

from typing import Final

import pytest

from tests.journeys.home import Ended, Home, ended
from tests.journeys.lab import CUT, DATABASES, DRY_RUN, LOGS, Inventory, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(90)]

STRICT: Final = {"commit_s": 1.0, "hold_s": 1.5, "freeze_s": 2.5, "thaw_s": 0.4}

# Which array, the fault, the call it strikes, its delay, and what the run says of it.
ON_AN_ARRAY: Final = [
    (LOGS, "lost-answer-before-effect", CUT, 0.0, "array.answer-lost"),
    (DATABASES, "lost-answer-after-effect", CUT, 0.0, "array.answer-lost"),
    (LOGS, "lost-answer-late-effect", CUT, 0.3, "array.answer-lost"),
    (DATABASES, "late-answer", CUT, 3.0, "window.expired"),
    (LOGS, "gateway-timeout-after-effect", CUT, 0.0, "array.answer-lost"),
    (DATABASES, "busy", CUT, 0.0, "array.busy"),
    (LOGS, "session-expired", CUT, 0.0, "array.login-failed"),
    (DATABASES, "forbidden", CUT, 0.0, "array.not-permitted"),
    (LOGS, "full", CUT, 0.0, "array.full"),
    (DATABASES, "half-cut", CUT, 0.0, "array.partial-cut"),
    (LOGS, "unequal-created", CUT, 0.0, "array.partial-cut"),
    (DATABASES, "full", DRY_RUN, 0.0, "array.full"),
    (LOGS, "lost-answer-after-effect", "POST protection-groups", 0.0, "array.answer-lost"),
    (DATABASES, "lost-answer-after-effect", "POST protection-groups/volumes", 0.0, "array.answer-lost"),
]
# The fault, its delay, and what the run says of it.
ON_THE_HOST: Final = [
    ("prepare-fails", 0.0, "host.writer-failed"),
    ("writer-not-frozen", 0.0, "proof.writer-not-frozen"),
    ("freeze-answer-lost", 0.0, "window.expired"),
    ("hold-ends-early", 0.0, "proof.hold-not-ours"),
    ("clock-jumps", 3.0, "proof.window-over-budget"),
    ("set-not-finished", 0.0, "proof.set-not-finished"),
    ("writer-gone-after-thaw", 0.0, "proof.writer-lost"),
    ("writer-restarted-after-thaw", 0.0, "proof.writer-lost"),
    ("writer-failed-after-thaw", 0.0, "proof.writer-lost"),
    ("component-failed-after-thaw", 0.0, "proof.writer-lost"),
    ("session-restarted-after-thaw", 0.0, "proof.writer-lost"),
]


@pytest.mark.parametrize(
    ("array", "name", "call", "delay_s", "code"),
    ON_AN_ARRAY,
    ids=[f"{case[1]}-{case[2]}" for case in ON_AN_ARRAY],
)
def test_an_array_that_fails(home: Home, array: str, name: str, call: str, delay_s: float, code: str) -> None:
    before = home.lab.inventory()
    home.lab.arrays[array].fault(name, call, delay_s=delay_s)
    failed = home.quiesce("run", home.job(budgets=STRICT), "--json")
    everything_is_undone(home, failed, code, before)


@pytest.mark.parametrize(("name", "delay_s", "code"), ON_THE_HOST, ids=[case[0] for case in ON_THE_HOST])
def test_a_host_that_fails(home: Home, name: str, delay_s: float, code: str) -> None:
    before = home.lab.inventory()
    home.lab.host.fault(name, delay_s=delay_s)
    failed = home.quiesce("run", home.job(budgets=STRICT), "--json")
    everything_is_undone(home, failed, code, before)


def test_a_thaw_that_is_never_answered(home: Home) -> None:
    before = home.lab.inventory()
    for rung in (1, 2, 3):
        home.lab.host.fault("hangs-on-thaw", position=rung)
    failed = home.quiesce("run", home.job(budgets=STRICT), "--json")
    everything_is_undone(home, failed, "window.thaw-unconfirmed", before)


def test_a_thaw_whose_answer_is_lost_once_does_not_cost_the_set(home: Home) -> None:
    home.lab.host.fault("thaw-answer-lost")
    assert home.quiesce("run", home.job(budgets=STRICT), "--json").result["run"]["status"] == "completed"
    assert home.lab.writes()


def test_host_volumes_that_changed_places_during_the_run(home: Home) -> None:
    before = home.lab.inventory()
    home.lab.host.fault("storage-map-changed-after-thaw")
    try:
        failed = home.quiesce("run", home.job(budgets=STRICT), "--json")
        everything_is_undone(home, failed, "proof.map-changed", before)
    finally:
        home.lab.host.kill()  # it would go on with them changed
        home.lab.host.start_again()


@pytest.mark.parametrize("edit", ["added", "removed"])
def test_a_member_that_is_edited_between_arming_and_the_cut(home: Home, edit: str) -> None:
    before = home.lab.inventory()
    edited = home.lab.arrays[DATABASES]
    home.lab.arrays[LOGS].fault("late-answer", DRY_RUN, delay_s=1.0)  # arming waits for the slower array
    armed = edited.count(DRY_RUN)
    with home.started("run", home.job(), "--json") as run:
        wait_until(lambda: edited.count(DRY_RUN) > armed)
        (group,) = {item["name"] for item in edited.ask("GET", "protection-groups")} - names_in(before)
        member = {"group_names": group, "member_names": "nightly" if edit == "added" else "db02-db"}
        edited.ask("POST" if edit == "added" else "DELETE", "protection-groups/volumes", member)
        failed = ended(run)
    everything_is_undone(home, failed, "array.members-changed", before)


def test_a_host_that_is_gone_while_frozen_is_waited_for(home: Home) -> None:
    before, asked = home.lab.inventory(), home.lab.cuts_asked()
    home.lab.arrays[DATABASES].fault("late-answer", delay_s=0.5)
    with home.started("run", home.job(budgets=STRICT), "--json") as run:
        home.lab.wait_for_cuts_after(asked)
        home.lab.host.kill()
        doubtful = ended(run)
    assert doubtful.status == 6
    assert doubtful.result["run"]["status"] == "in-doubt"
    assert doubtful.result["in_doubt"] != []
    assert doubtful.document["retryable"] == "later"
    assert home.lab.inventory() == before  # the arrays could be asked
    assert home.quiesce("recover", "--json").status == 6  # it is still gone

    home.lab.host.start_again()
    home.secrets["HOST_TOKEN"] = home.lab.host.token
    recovered = home.quiesce("recover", "--json")
    assert [each["status"] for each in recovered.result["runs"]] == ["aborted"]
    assert home.claims()[0] == "Aborted"
    assert set(home.claims()) == {"Aborted"}
    assert [each.status for each in home.sets().values()] == ["aborted"]
    assert home.quiesce_here("recover", "--json").result == {"runs": []}
    assert home.lab.writes()


def everything_is_undone(home: Home, failed: Ended, code: str, before: Inventory) -> None:
    assert home.lab.writes()
    run = failed.result["run"]
    assert (failed.status, run["status"], run["problem"]["code"]) == (4, "aborted", code)
    assert run["problem"]["remedy"]
    assert run["grade"] is None
    assert failed.result["replicas"] == failed.result["clones"] == failed.result["void_pending"] == []
    assert home.claims() == ["Aborted"]
    assert home.lab.inventory() == before
    assert [(each.status, each.grade) for each in home.sets().values()] == [("aborted", None)]
    assert home.quiesce_here("recover", "--json").result == {"runs": []}


def names_in(inventory: Inventory) -> set[str]:
    return {name for _, _, name in inventory}
