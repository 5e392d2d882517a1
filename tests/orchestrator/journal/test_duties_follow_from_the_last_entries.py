from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.errors import InDoubt
from orchestrator.journal.duty import Duty, beginning_of, duty_of, latest
from orchestrator.journal.entries import Beginning, Entry, EntryKind
from orchestrator.model.names import ObjectNames

AT = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
BEGINNING = Beginning(
    run_id="run0000001",
    attempt=2,
    installation="abc123",
    job="nightly",
    host="exch01",
    set_id="5f1c",
    fence=7,
    arrays=("log-array", "database-array"),
    emulated=True,
    backup_type="copy",
)
DUTY_AFTER = {
    EntryKind.BEGUN: Duty.UNDO,
    EntryKind.OPENING: Duty.UNDO,
    EntryKind.CLOSED: Duty.UNDO,
    EntryKind.SIGNING: Duty.ASK_EVIDENCE,
    EntryKind.PROVEN: Duty.KEEP,
    EntryKind.TELLING: Duty.KEEP,
    EntryKind.TOLD: Duty.KEEP,
    EntryKind.CLONING: Duty.KEEP,
    EntryKind.CLONED: Duty.KEEP,
    EntryKind.VERIFYING: Duty.KEEP,
    EntryKind.VERIFIED: Duty.KEEP,
}


def entries(*kinds: EntryKind) -> list[Entry]:
    return [Entry(kind, AT) for kind in kinds]


def up_to(last: EntryKind) -> list[EntryKind]:
    order = list(EntryKind)
    return order[: order.index(last) + 1]


@pytest.mark.parametrize(("last", "duty"), DUTY_AFTER.items())
def test_what_is_owed_to_a_run_that_died_after(last: EntryKind, duty: Duty) -> None:
    assert duty_of(entries(*up_to(last))) is duty


@pytest.mark.parametrize(("last", "duty"), DUTY_AFTER.items())
def test_doubt_changes_no_duty_and_an_end_ends_all(last: EntryKind, duty: Duty) -> None:
    doubtful = [*up_to(last), EntryKind.IN_DOUBT]
    assert duty_of(entries(*doubtful)) is duty
    assert duty_of(entries(*doubtful, EntryKind.ENDED)) is Duty.NOTHING


def test_nothing_is_owed_to_a_run_that_had_not_begun() -> None:
    assert duty_of([]) is Duty.NOTHING


def test_every_kind_of_entry_has_its_duty() -> None:
    assert {*DUTY_AFTER, EntryKind.IN_DOUBT, EntryKind.ENDED} == {*EntryKind}


def test_the_first_entry_says_all_that_recovery_needs() -> None:
    begun = Entry(EntryKind.BEGUN, AT, {**asdict(BEGINNING), "arrays": list(BEGINNING.arrays)})
    assert beginning_of([begun, *entries(EntryKind.ENDED)]) == BEGINNING
    assert BEGINNING.names == ObjectNames("abc123", "run0000001", 2)


@pytest.mark.parametrize("data", [{}, {"arrays": []}, {**asdict(BEGINNING), "arrays": None}])
def test_a_first_entry_that_says_less_puts_the_run_in_doubt(data: dict[str, Any]) -> None:
    with pytest.raises(InDoubt) as caught:
        beginning_of([Entry(EntryKind.OPENING, AT, data)])
    assert caught.value.code == "run.journal-unreadable"


def test_the_latest_of_a_kind_counts() -> None:
    first, second = Entry(EntryKind.IN_DOUBT, AT, {"n": 1}), Entry(EntryKind.IN_DOUBT, AT, {"n": 2})
    assert latest([first, second, *entries(EntryKind.ENDED)], EntryKind.IN_DOUBT) is second
    assert latest([first], EntryKind.TOLD) is None
