from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from orchestrator.ese.reports import Judgement
from orchestrator.ese.verdict import findings_for, judge
from orchestrator.model.verification import Severity, Verdict
from tests.orchestrator.ese.building import (
    OTHER_STREAM,
    PAGE,
    changed,
    checkpoint_file,
    codes,
    created,
    database_report,
    flip,
    log8,
    log_header,
    stream8,
    stream_report,
    without,
)

# A stream of 1 to 6 with 7 being written. The database needs 2 to 3, knows of 4; 5 to 7 lie behind that.
FILES: Final = stream8(1, 7) | {"E00.chk": checkpoint_file(2)}
# One that the stream ends with: needs 2 to 3, and 4 is being written.
SHORT: Final = stream8(1, 4) | {"E00.chk": checkpoint_file(2)}

Files = dict[str, bytearray]


def name(generation: int) -> str:
    return f"E00{generation:08X}.log"


def judged(files: Files, **header: Any) -> Judgement:
    return judge(database_report(**header), stream_report(files))


def said(judgement: Judgement) -> dict[str, int | None]:
    return {each.code.partition(".")[2]: each.ese_error for each in judgement.findings}


def test_a_dirty_database_with_all_its_logs_is_recoverable() -> None:
    assert judged(SHORT) == Judgement(Verdict.RECOVERABLE)
    assert judged(FILES) == Judgement(Verdict.RECOVERABLE)


MISSING: Final = [
    (1, Verdict.RECOVERABLE, {}),  # the stream merely begins later
    (2, Verdict.UNRECOVERABLE, {"required-log-missing": -543}),
    (3, Verdict.UNRECOVERABLE, {"required-log-missing": -543}),
    (4, Verdict.RECOVERABLE_WITH_LOSS, {"committed-log-missing": -582}),
    (5, Verdict.RECOVERABLE_WITH_LOSS, {"later-log-missing": -528}),
]


@pytest.mark.parametrize(("generation", "verdict", "expected"), MISSING)
def test_a_missing_log_counts_by_where_it_lies(
    generation: int, verdict: Verdict, expected: dict[str, int]
) -> None:
    judgement = judged(without(FILES, name(generation)))
    assert judgement.verdict is verdict
    assert said(judgement) == expected
    assert all(name(generation) in each.text for each in judgement.findings)


def test_the_log_being_written_may_be_the_missing_one() -> None:
    judgement = judged(without(SHORT, "E00.log"))
    assert judgement.verdict is Verdict.RECOVERABLE_WITH_LOSS
    assert said(judgement) == {"committed-log-missing": -582}
    assert "E0000000004.log (as E00.log, if it was still being written)" in judgement.findings[0].text


def test_after_a_page_patch_all_committed_logs_are_required() -> None:
    assert judged(SHORT, dbstate=7).verdict is Verdict.RECOVERABLE
    judgement = judged(without(SHORT, "E00.log"), dbstate=7)
    assert judgement.verdict is Verdict.UNRECOVERABLE
    assert said(judgement) == {"required-log-missing": -543}


def test_a_gap_below_what_is_needed_is_a_warning() -> None:
    files = stream8(1, 7)
    header = {"lGenMinRequired": 4, "lGenMaxRequired": 4, "logtimeGenMaxRequired": created(4)}
    judgement = judged(without(files, name(2)), **header)
    assert judgement.verdict is Verdict.RECOVERABLE
    assert said(judgement) == {"older-log-missing": -528}
    assert judgement.findings[0].severity is Severity.WARNING


@pytest.mark.parametrize("spoil", ["body", "header", "stream", "number"])
@pytest.mark.parametrize(
    ("generation", "verdict", "code"),
    [
        (1, Verdict.RECOVERABLE, "older-log-bad"),
        (2, Verdict.UNRECOVERABLE, "required-log-bad"),
        (3, Verdict.UNRECOVERABLE, "required-log-bad"),
        (4, Verdict.RECOVERABLE_WITH_LOSS, "committed-log-bad"),
        (6, Verdict.RECOVERABLE_WITH_LOSS, "later-log-bad"),
    ],
)
def test_a_log_that_cannot_be_replayed_counts_like_a_missing_one(
    spoil: str, generation: int, verdict: Verdict, code: str
) -> None:
    changes: dict[str, Callable[[bytearray], None]] = {
        "body": flip(PAGE + 99),
        "header": flip(99),
        "stream": _made_anew(generation, signLog=OTHER_STREAM),
        "number": _made_anew(generation, lGeneration=9),
    }
    judgement = judged(changed(FILES, name(generation), changes[spoil]))
    assert judgement.verdict is verdict
    assert code in said(judgement)
    assert name(generation) in judgement.findings[0].text
    reason = {"body": "damaged", "header": "header", "stream": "stream", "number": "is log 0x9 by its header"}
    assert reason[spoil] in judgement.findings[0].text


def test_a_foreign_log_is_one_finding_and_no_break_besides() -> None:
    foreign = log8(3, signLog=OTHER_STREAM, tmCreate=created(99), tmPrevGen=created(98))
    header = {"logtimeGenMaxRequired": bytes(8)}
    assert codes(judged(FILES | {name(3): foreign}, **header).findings) == ["required-log-bad"]


def _made_anew(generation: int, **header: Any) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[:PAGE] = log_header(generation, (8, 4000, 90, 200), 6, **header)

    return change


@pytest.mark.parametrize(
    ("generation", "verdict", "code"),
    [
        (1, Verdict.RECOVERABLE, "older-log-bad"),
        (3, Verdict.UNRECOVERABLE, "required-log-bad"),
        (4, Verdict.RECOVERABLE_WITH_LOSS, "committed-log-bad"),
        (5, Verdict.RECOVERABLE_WITH_LOSS, "later-log-bad"),
    ],
)
def test_a_log_that_its_successor_does_not_know_counts_like_a_missing_one(
    generation: int, verdict: Verdict, code: str
) -> None:
    replaced = changed(FILES, name(generation), _payload_of(generation))
    judgement = judged(replaced)
    assert judgement.verdict is verdict
    assert said(judgement).keys() == {code}


def _payload_of(generation: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[PAGE:] = log8(generation, fill=99)[PAGE:]

    return change


def test_a_damaged_header_of_the_log_being_written_is_damage_and_no_absence() -> None:
    assert said(judged(changed(SHORT, "E00.log", flip(99)))) == {"committed-log-bad": -582}
    alone = {"E00.log": changed(SHORT, "E00.log", flip(99))["E00.log"]}
    header = {"lGenMinRequired": 4, "lGenMaxRequired": 4}
    assert said(judged(alone, **header)) == {"required-log-bad": -543}


def test_a_torn_end_is_no_hindrance() -> None:
    torn = changed(SHORT, "E00.log", flip(2 * PAGE + 99))
    assert judged(torn) == Judgement(Verdict.RECOVERABLE)


def test_a_single_wrong_bit_is_damage_though_the_engine_would_mend_it() -> None:
    def change(data: bytearray) -> None:
        data[PAGE + 99] ^= 1

    judgement = judged(changed(FILES, name(3), change))
    assert judgement.verdict is Verdict.DAMAGED
    assert said(judgement) == {"log-correctable": None}
    assert judged(changed(FILES, name(1), change)).verdict is Verdict.RECOVERABLE


def test_logs_of_an_unknown_version_leave_it_open() -> None:
    old = bytearray(log_header(3, (6, 0, 0, 0), 8 + 40, tmPrevGen=created(2)) + bytes(40 * 512))
    nxt = changed(FILES, name(3), lambda data: data.__setitem__(slice(None), old))
    judgement = judged(nxt)
    assert judgement.verdict is Verdict.NOT_VERIFIABLE
    assert said(judgement) == {"log-not-checked": None}
    assert judgement.not_checked == (judgement.findings[0].text,)


def test_a_dirty_database_without_any_log_is_lost() -> None:
    for stream in (None, stream_report({})):
        judgement = judge(database_report(), stream)
        assert judgement.verdict is Verdict.UNRECOVERABLE
        assert said(judgement) == {"required-log-missing": -543}
        assert "the logs 0x2 to 0x4" in judgement.findings[0].text


def test_logs_of_another_stream_are_not_looked_at() -> None:
    judgement = judged(SHORT, signLog=OTHER_STREAM)
    assert judgement.verdict is Verdict.UNRECOVERABLE
    assert said(judgement) == {"database-signature-mismatch": -530}


NEWER: Final = "database-newer-than-logs"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"lGenMaxCommitted": 6, "logtimeGenMaxCreate": created(6)}, {NEWER, "committed-log-missing"}),
        (
            {"lGenMaxRequired": 6, "lGenMaxCommitted": 6, "logtimeGenMaxCreate": created(6)},
            {NEWER, "required-log-missing"},
        ),
        ({"lgposAttach": b"\0\0\0\0\5\0\0\0"}, {NEWER}),
        ({"lgposConsistent": b"\0\0\0\0\5\0\0\0"}, {NEWER}),
        ({"lgposConsistent": b"\0\0\0\0\4\0\0\0"}, set()),
    ],
)
def test_a_database_that_is_newer_than_its_logs_was_copied_at_another_moment(
    header: dict[str, Any], expected: set[str]
) -> None:
    judgement = judged(SHORT, **header)
    assert set(said(judgement)) == expected
    assert judgement.verdict is (Verdict.UNRECOVERABLE if expected else Verdict.RECOVERABLE)
    if expected:
        assert "break-off" in " ".join(each.text for each in judgement.findings)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({"logtimeGenMaxCreate": created(5)}, "knows log 0x4 "),
        ({"logtimeGenMaxRequired": created(5)}, "knows log 0x3 "),
        ({"logtimeGenMaxCreate": created(5), "lGenMaxCommitted": 0}, "knows log 0x3 "),  # Exchange 2003
    ],
)
def test_a_log_created_at_another_time_than_the_database_says_is_another_log(
    header: dict[str, Any], text: str
) -> None:
    judgement = judged(FILES, **header)
    assert judgement.verdict is Verdict.UNRECOVERABLE
    assert said(judgement) == {"logs-of-another-time": -539}
    assert text in judgement.findings[0].text


def test_times_that_were_not_recorded_are_not_compared() -> None:
    header = {"logtimeGenMaxCreate": bytes(8), "logtimeGenMaxRequired": bytes(8)}
    assert judged(SHORT, **header).verdict is Verdict.RECOVERABLE


def test_a_database_older_than_its_logs_is_rolled_forward() -> None:
    assert judged(FILES).verdict is Verdict.RECOVERABLE


def test_a_checkpoint_behind_what_is_needed_is_a_warning() -> None:
    judgement = judged(SHORT | {"E00.chk": checkpoint_file(3)})
    assert judgement.verdict is Verdict.RECOVERABLE
    assert codes(judgement.findings) == ["checkpoint-beyond-required"]
    foreign = checkpoint_file(3, signLog=OTHER_STREAM)
    assert judged(SHORT | {"E00.chk": foreign}).findings == ()


def test_many_bad_logs_are_one_finding() -> None:
    files = stream8(1, 30)
    for generation in range(2, 29):
        files[name(generation)][99] ^= 0x11
    files[name(29)][:] = b""
    judgement = judge(
        database_report(
            lGenMaxRequired=28,
            lGenMaxCommitted=30,
            logtimeGenMaxRequired=bytes(8),
            logtimeGenMaxCreate=bytes(8),
        ),
        stream_report(files),
    )
    assert codes(judgement.findings) == ["required-log-bad", "committed-log-bad"]
    assert " and 24 more" in judgement.findings[0].text


def test_a_range_without_end_in_a_header_is_judged_at_once() -> None:
    judgement = judged(FILES, lGenMaxRequired=2**31 - 1, lGenMaxCommitted=2**31 - 1)
    assert judgement.verdict is Verdict.UNRECOVERABLE


def test_errors_of_logs_that_a_sound_database_does_not_need_are_warnings_for_it() -> None:
    spoiled = changed(FILES, name(1), flip(PAGE + 99))
    stream, database = stream_report(spoiled), database_report()
    judgement = judge(database, stream)
    assert judgement.verdict is Verdict.RECOVERABLE
    assert any(each.severity is Severity.ERROR for log in stream.logs for each in log.findings)
    found = findings_for(database, stream, judgement)
    assert codes(found) == ["older-log-bad", "log-segment-bad"]
    assert {each.severity for each in found} == {Severity.WARNING}


def test_errors_come_first_and_none_twice() -> None:
    spoiled = changed(without(FILES, "E00.chk"), name(3), flip(PAGE + 99))
    stream, database = stream_report(spoiled), database_report()
    database = replace(database, logical=(stream.logs[2].findings[0],))
    found = findings_for(database, stream, judge(database, stream))
    severities = [each.severity for each in found]
    assert severities == sorted(severities, key=list(Severity)[::-1].index)
    assert len(found) == len(set(found))
    assert codes(found)[0] == "required-log-bad"
