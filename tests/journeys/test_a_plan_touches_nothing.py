from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest

from orchestrator.evidence import Refusal
from tests.journeys.home import Ended, Home
from tests.journeys.lab import DATABASES, LOGS

pytestmark = [pytest.mark.journey, pytest.mark.timeout(90)]

SESSION: Final = ("POST login", "POST logout")


def test_a_plan_reads_what_a_run_reads_first_and_changes_nothing(home: Home) -> None:
    before, job = home.lab.inventory(), home.job(clone=True)
    with calls_made(home) as planned:
        plan = home.quiesce("plan", job, "--json")
    with calls_made(home) as made:
        run = home.quiesce("run", job, "--json")
    assert plan.status == run.status == 0
    assert [each["name"] for each in plan.result["arrays"]] == sorted([LOGS, DATABASES])
    for array in (LOGS, DATABASES):
        reads = [call for call in planned[array] if call not in SESSION]
        assert changes(reads) == []
        assert [call for call in made[array] if call not in SESSION][: len(reads)] == reads
        assert set(changes(made[array])) >= {
            "POST protection-groups",
            "POST protection-groups/volumes",
            "POST protection-group-snapshots",
            "POST volumes",
        }
    assert len(home.lab.inventory()) == len(before) + 2 * (1 + 1 + 2 + 2)  # group, cut, replicas, clones
    assert home.claims() == ["Proof", "WritersAnswer"]  # the plan left no record


@pytest.mark.parametrize(
    ("keys", "code", "subject"),
    [
        ({"freeze": False}, "policy.break-off-refused", "job"),
        ({"consistency": "break-off"}, "policy.break-off-refused", "job"),
        ({"context": "0x19"}, "policy.no-writers-context", "context 0x19"),
        ({"databases": ["DB01", "DB99"]}, "input.unknown-component", "DB99"),
        ({"budgets": {"commit_s": 0.0001}}, "policy.forecast-over-budget", LOGS),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_what_cannot_be_proven_is_refused_and_signed_for(
    home: Home, keys: dict[str, Any], code: str, subject: str
) -> None:
    with calls_made(home) as made:
        refused = home.quiesce("run", home.job(**keys), "--json")
    it_was_refused(home, refused, made, code, subject)


def test_a_database_whose_logs_no_array_knows_is_refused(home: Home) -> None:
    home.forget_array(LOGS)
    with calls_made(home) as made:
        refused = home.quiesce("run", home.job(), "--json")
    lun_id = home.lab.arrays[LOGS].announced["volumes"][0]["lun_id"]
    it_was_refused(home, refused, made, "policy.lun-unknown", f"{lun_id} (L:\\)")


def test_a_plan_says_what_a_run_would_be_refused_for(home: Home) -> None:
    refused = home.quiesce("plan", home.job(freeze=False), "--json")
    assert refused.status == 3
    assert [each["code"] for each in refused.result["reasons"]] == ["policy.break-off-refused"]
    assert home.claims() == []


def it_was_refused(
    home: Home, refused: Ended, made: Mapping[str, list[str]], code: str, subject: str
) -> None:
    assert refused.status == 3
    assert refused.result["run"]["status"] == "refused"
    assert (code, subject) in {(each["code"], each["subject"]) for each in refused.result["run"]["reasons"]}
    (record,) = home.records()
    assert isinstance(record.claim, Refusal)
    assert code in {reason.code for reason in record.claim.reasons}
    assert refused.result["evidence"]["path"].endswith("000001-refusal.json")
    for calls in made.values():
        assert changes([call for call in calls if call not in SESSION]) == []
    assert home.sets() == {}
    assert home.lab.writes()


@contextmanager
def calls_made(home: Home) -> Iterator[dict[str, list[str]]]:
    """Yield a mapping that is filled, at the end of the block, with the calls to each array inside it."""
    before = {name: len(array.calls()) for name, array in home.lab.arrays.items()}
    made: dict[str, list[str]] = {}
    yield made
    for name, array in home.lab.arrays.items():
        made[name] = [each["call"] for each in array.calls()[before[name] :]]


def changes(calls: list[str]) -> list[str]:
    return [call for call in calls if not call.startswith("GET ")]
