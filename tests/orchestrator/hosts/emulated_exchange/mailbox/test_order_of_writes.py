"""Copies of log and database at instants that differ: which pairs can be recovered, and which cannot."""

from __future__ import annotations

import random

import pytest

from orchestrator.ese.verdict import judge
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import FORMS
from orchestrator.model.verification import Verdict
from tests.orchestrator.hosts.emulated_exchange.mailbox.plain_volume import (
    PlainDatabase,
    database_report,
    judge_copies,
    stream_report,
)

pytestmark = pytest.mark.many

NEWER_THAN_LOG = -543  # JET_errRequiredLogFilesMissing


@pytest.fixture(params=sorted(FORMS))
def database(request: pytest.FixtureRequest) -> PlainDatabase:
    return PlainDatabase(request.param)


def test_at_every_instant_the_logs_that_the_header_asks_for_are_there(database: PlainDatabase) -> None:
    database.change(3)
    for _ in database.step(12):
        assert database.judge().verdict is Verdict.RECOVERABLE


def test_a_log_copied_some_generations_before_its_database_cannot_recover_it(database: PlainDatabase) -> None:
    database.change(9)
    logs = database.logs.copy()
    database.change(4)

    judgement = judge_copies(logs, database.pages.copy())

    assert judgement.verdict is Verdict.UNRECOVERABLE
    highest = max(each.header.generation for each in stream_report(logs).logs if each.header)
    header = database_report(database.pages.copy()).pair.header
    assert header is not None
    assert highest < header.required[1] == header.committed
    assert {each.ese_error for each in judgement.findings} & {NEWER_THAN_LOG}


def test_a_database_copied_before_its_log_can_be_recovered(database: PlainDatabase) -> None:
    database.change(9)
    pages = database.pages.copy()
    database.change(5)
    assert judge_copies(database.logs.copy(), pages).verdict is Verdict.RECOVERABLE


def test_a_database_copied_so_long_before_its_log_that_a_log_is_gone_cannot(database: PlainDatabase) -> None:
    database.change(9)
    pages = database.pages.copy()
    database.change(60)
    assert judge_copies(database.logs.copy(), pages).verdict is Verdict.UNRECOVERABLE


def test_a_hundred_pairs_copied_at_random_instants_are_judged_right() -> None:
    database = PlainDatabase("2007")
    instants = [_Instant(database) for _ in database.step(20)]
    seed = random.Random(2016)  # noqa: S311 - the same instants every time
    recoverable = 0
    for _ in range(100):
        first, second = seed.choice(instants), seed.choice(instants)
        expected = second.first <= first.highest >= second.last and first.lowest <= second.first
        verdict = judge(second.database, first.stream).verdict
        assert verdict is (Verdict.RECOVERABLE if expected else Verdict.UNRECOVERABLE)
        recoverable += expected
    assert 20 <= recoverable <= 80


class _Instant:
    def __init__(self, database: PlainDatabase) -> None:
        self.stream = stream_report(database.logs.copy())
        self.database = database_report(database.pages.copy())
        generations = [each.header.generation for each in self.stream.logs if each.header]
        self.lowest, self.highest = min(generations), max(generations)
        assert self.database.pair.header is not None
        self.first, self.last = self.database.pair.header.required
