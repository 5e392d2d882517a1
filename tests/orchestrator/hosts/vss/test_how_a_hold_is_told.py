"""The release report, from what the VSS provider was asked and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.hosts.vss.hold_report import frozen_at, release_report
from orchestrator.hosts.vss.provider.pipe_protocol import Ended, HoldEnding, Method
from orchestrator.hosts.vss.provider.relay import Passed
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd
from orchestrator.model.time import Reading
from tests.virtual_time import EPOCH


def at(second: float) -> Reading:
    return Reading(EPOCH + timedelta(seconds=second), second)


def passed(hold_s: float = 2.0) -> list[Passed]:
    out = 13 + hold_s
    times = {
        Method.BEGIN_VOLUME: (1.0, 2.0),
        Method.END_PREPARE: (10.0, 11.0),
        Method.PRE_COMMIT: (12.0, 12.1),
        Method.COMMIT: (13.0, out),
        Method.POST_COMMIT: (out + 0.1, out + 0.2),
        Method.PRE_FINAL_COMMIT: (out + 1, out + 1.1),
    }
    return [Passed(method, at(entered), at(left), 0) for method, (entered, left) in times.items()]


def report_of(
    history: list[Passed], ended: Ended | None, status: int = VSS_S_ASYNC_FINISHED
) -> tuple[HoldEnd, float]:
    ending = None if ended is None else HoldEnding(ended, 2.0)
    release = release_report(history, ending, status, at(9), at(60))
    return release.hold_ended_by, release.hold_s


def test_a_hold_lasts_from_commit_to_the_confirmation_and_a_freeze_until_vss_goes_on() -> None:
    release = release_report(passed(), HoldEnding(Ended.RELEASED, 2.0), VSS_S_ASYNC_FINISHED, at(9), at(60))
    assert release.hold_ended_by is HoldEnd.RELEASE
    assert release.hold_s == pytest.approx(2.1)
    assert release.frozen_s == pytest.approx(5.0)
    assert (release.released_at, release.thawed_at) == (at(15.1), at(16))


def test_writers_may_stand_still_since_the_preparations_ended_or_since_the_set_was_asked_for() -> None:
    assert frozen_at(passed(), at(9)) == at(11)
    assert frozen_at([], at(9)) == at(9)


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended.RELEASED, HoldEnd.RELEASE),
        (Ended.VETOED, HoldEnd.ABORT),
        (Ended.ABORTED, HoldEnd.ABORT),
        (Ended.DEADLINE, HoldEnd.DEAD_MAN),
        (Ended.CONNECTION_LOST, HoldEnd.UNPROVEN),
        (Ended.MALFORMED, HoldEnd.UNPROVEN),
        (None, HoldEnd.UNPROVEN),
    ],
)
def test_only_the_providers_own_word_makes_it_our_release(ended: Ended | None, told: HoldEnd) -> None:
    assert report_of(passed(), ended)[0] is told


def test_vss_knows_better_than_the_provider_what_ended_it() -> None:
    assert report_of(passed(), Ended.RELEASED, 0x80042314)[0] is HoldEnd.HOLD_LIMIT
    assert report_of(passed(), Ended.RELEASED, 0x800423F2)[0] is HoldEnd.WRITER_LIMIT


def test_a_hold_over_the_limit_was_ended_by_it_even_if_nobody_says_so() -> None:
    assert report_of(passed(9.8), Ended.RELEASED)[0] is HoldEnd.RELEASE
    assert report_of(passed(9.9), Ended.RELEASED)[0] is HoldEnd.HOLD_LIMIT


def test_what_was_not_confirmed_lasts_until_the_end_is_known() -> None:
    assert report_of(passed()[:4], Ended.VETOED, 0x80042306) == (HoldEnd.ABORT, 47.0)
    assert report_of(passed()[:3], Ended.CONNECTION_LOST, 0x8004230F) == (HoldEnd.UNPROVEN, 49.0)


def test_a_set_that_never_reached_commit_was_never_held() -> None:
    assert report_of(passed()[:3], None, 0x80042313) == (HoldEnd.NEVER_HELD, 0.0)
    assert report_of(passed()[:2], Ended.NEVER_HELD, 0x8004230F) == (HoldEnd.NEVER_HELD, 0.0)
