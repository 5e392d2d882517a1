from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.reports import Copy, DatabaseReport, HeaderPair, Judgement, PageCounts, PagesReport
from orchestrator.ese.verdict import findings_for, judge
from orchestrator.model.verification import ContentFinding, Place, Severity, Verdict
from tests.orchestrator.ese.building import (
    CLEAN,
    OTHER_STREAM,
    PAGE,
    codes,
    database_report,
    database_start,
    signature,
    stream8,
    stream_report,
)

FILES: Final = stream8(1, 4)
STREAM: Final = stream_report(FILES)


def clean_report(counts: PageCounts | None = None, **more: Any) -> DatabaseReport:
    return database_report(counts, **(CLEAN | more))


def finding(severity: Severity, code: str = "ese.page-bad") -> ContentFinding:
    return ContentFinding(code, severity, Place("DB.edb", "page", 7), "Something is there.", -1018)


def test_a_clean_database_needs_no_logs() -> None:
    assert judge(clean_report(), None) == Judgement(Verdict.CLEAN)
    assert judge(clean_report(signLog=OTHER_STREAM), STREAM) == Judgement(Verdict.CLEAN)
    assert judge(clean_report(), stream_report({"E00.log": bytearray(9)})) == Judgement(Verdict.CLEAN)


def test_a_clean_database_that_is_newer_than_the_logs_beside_it_is_clean_all_the_same() -> None:
    judgement = judge(clean_report(lgposConsistent=b"\0\0\0\0\5\0\0\0"), STREAM)
    assert judgement.verdict is Verdict.CLEAN
    assert codes(judgement.findings) == ["clean-database-newer-than-logs"]
    assert judgement.findings[0].severity is Severity.WARNING
    foreign = clean_report(lgposConsistent=b"\0\0\0\0\5\0\0\0", signLog=OTHER_STREAM)
    assert judge(foreign, STREAM).findings == ()


def test_without_a_good_header_the_engine_opens_nothing() -> None:
    database = replace(database_report(), pair=HeaderPair(None, Copy.BAD, Copy.BAD), pages=None)
    judgement = judge(database, STREAM)
    assert judgement.verdict is Verdict.UNRECOVERABLE
    assert codes(judgement.findings) == ["header-unusable"]


def test_one_good_copy_of_the_header_is_enough() -> None:
    start = bytearray(database_start())
    start[50] ^= 1
    pair = read_header_pair(bytes(start), "DB.edb")
    assert judge(replace(database_report(), pair=pair), STREAM).verdict is Verdict.RECOVERABLE


@pytest.mark.parametrize("state", [0, 4, 5, 6, 8, 9, 2**32 - 1])
def test_other_states_are_refused(state: int) -> None:
    for stream in (STREAM, None):
        judgement = judge(database_report(dbstate=state), stream)
        assert judgement.verdict is Verdict.UNRECOVERABLE
        assert codes(judgement.findings) == ["state-refused"]


@pytest.mark.parametrize(
    ("fields", "verdict", "code"),
    [
        ({"dbstate": 3}, Verdict.DAMAGED, "clean-but-needs-logs"),
        (CLEAN | {"lGenMaxCommitted": 4}, Verdict.DAMAGED, "clean-but-needs-logs"),
        (CLEAN | {"lGenMinRequired": 2}, Verdict.DAMAGED, "clean-but-needs-logs"),
        (CLEAN | {"dbstate": 2}, Verdict.UNRECOVERABLE, "dirty-without-logs"),
        ({"lGenMinRequired": 0}, Verdict.UNRECOVERABLE, "required-range-wrong"),
        ({"lGenMaxRequired": 0}, Verdict.UNRECOVERABLE, "required-range-wrong"),
        ({"lGenMinRequired": 4}, Verdict.UNRECOVERABLE, "required-range-wrong"),
        ({"lGenMaxCommitted": 2}, Verdict.UNRECOVERABLE, "required-range-wrong"),
        ({"lGenMinRequired": -1}, Verdict.UNRECOVERABLE, "required-range-wrong"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(
    fields: dict[str, Any], verdict: Verdict, code: str
) -> None:
    judgement = judge(database_report(**fields), STREAM)
    assert judgement.verdict is verdict
    assert codes(judgement.findings) == [code]


def test_a_higher_revision_is_no_reason_to_refuse() -> None:
    assert judge(database_report(ulDaeUpdateMajor=9999), STREAM).verdict is Verdict.RECOVERABLE


@pytest.mark.parametrize("fields", [{"dbstate": 1}, {"filetype": 5}])
def test_a_temporary_database_cannot_be_verified(fields: dict[str, Any]) -> None:
    report = database_report(PageCounts(data=9, unchecked=9), **fields)
    judgement = judge(report, None)
    assert judgement.verdict is Verdict.NOT_VERIFIABLE
    assert "no checksums" in judgement.not_checked[0]


@pytest.mark.parametrize("fields", [{"attrib": 1}, {"filetype": 2}])
def test_a_streaming_file_alone_cannot_be_verified(fields: dict[str, Any]) -> None:
    judgement = judge(replace(database_report(**fields), pages=None), None)
    assert judgement.verdict is Verdict.NOT_VERIFIABLE
    assert "streaming file" in judgement.not_checked[0]


def test_pages_that_were_not_read_leave_it_open_but_hide_nothing() -> None:
    judgement = judge(replace(database_report(), pages=None), STREAM)
    assert judgement.verdict is Verdict.NOT_VERIFIABLE
    assert judgement.not_checked == ("The pages of DB.edb were not read.",)
    lost = judge(replace(database_report(), pages=None), None)
    assert lost.verdict is Verdict.UNRECOVERABLE


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (PageCounts(data=9, new=8, bad=1), ["pages-bad"]),
        (PageCounts(data=9, new=8, correctable=1), ["pages-correctable"]),
        (PageCounts(data=9, new=7, bad=1, correctable=1), ["pages-bad", "pages-correctable"]),
        (PageCounts(data=9, new=4, old=3, blank=2), []),
        (PageCounts(), []),
    ],
)
@pytest.mark.parametrize("base", [database_report, clean_report])
def test_pages_are_what_was_written_or_the_database_is_damaged(
    base: Any, counts: PageCounts, expected: list[str]
) -> None:
    judgement = judge(base(counts), STREAM)
    assert codes(judgement.findings) == expected
    assert judgement.verdict.passed is not bool(expected)
    assert judgement.verdict.failed is bool(expected)


def test_missing_logs_outweigh_bad_pages() -> None:
    judgement = judge(database_report(PageCounts(data=9, bad=1)), None)
    assert judgement.verdict is Verdict.UNRECOVERABLE
    assert codes(judgement.findings) == ["required-log-missing", "pages-bad"]


@pytest.mark.parametrize(("severity", "damaged"), [(Severity.ERROR, True), (Severity.WARNING, False)])
def test_only_errors_stand_against_a_database(severity: Severity, damaged: bool) -> None:
    base, one = database_report(), finding(severity)
    reports = {
        "pages-bad": replace(base, pages=PagesReport(PageCounts(data=9, new=9), findings=(one,))),
        "file-not-whole": replace(base, findings=(one,)),
        "trees-broken": replace(base, logical=(one, one)),
    }
    for code, report in reports.items():
        judgement = judge(report, STREAM)
        assert codes(judgement.findings) == ([code] if damaged else [])
        assert judgement.verdict is (Verdict.DAMAGED if damaged else Verdict.RECOVERABLE)
    pair = replace(base.pair, findings=(one,))
    assert judge(replace(base, pair=pair), STREAM).verdict.failed is damaged


def test_what_could_not_be_read_is_no_damage() -> None:
    unread = finding(Severity.ERROR, "verify.cannot-read")
    judgement = judge(replace(database_report(), findings=(unread,)), STREAM)
    assert judgement.verdict is Verdict.NOT_VERIFIABLE
    assert judgement.not_checked == ("Something is there.",)


def with_streaming(
    sizes: int = 8 * PAGE, header: dict[str, Any] | None = None, **more: Any
) -> DatabaseReport:
    start = database_start(**({"attrib": 1, "filetype": 2, "signSLV": signature(4)} | more))
    return replace(
        database_report(**({"signSLV": signature(4)} | (header or {}))),
        streaming_path="DB.stm",
        streaming=read_header_pair(start, "DB.stm"),
        streaming_size_bytes=sizes,
    )


def test_a_database_with_its_streaming_file_is_recoverable_and_says_what_was_not_read() -> None:
    judgement = judge(with_streaming(), STREAM)
    assert judgement.verdict is Verdict.RECOVERABLE
    assert "The pages of DB.stm are not verified" in judgement.not_checked[0]


@pytest.mark.parametrize(
    ("report", "verdict", "code"),
    [
        (with_streaming(signDb=signature(9)), Verdict.UNRECOVERABLE, "streaming-mismatch"),
        (with_streaming(signSLV=signature(9)), Verdict.UNRECOVERABLE, "streaming-mismatch"),
        (with_streaming(8 * PAGE - 1), Verdict.DAMAGED, "streaming-cut-off"),
        (with_streaming(PAGE), Verdict.DAMAGED, "streaming-cut-off"),
        (
            replace(with_streaming(), streaming=HeaderPair(None, Copy.BAD, Copy.BAD)),
            Verdict.UNRECOVERABLE,
            "streaming-unusable",
        ),
        (database_report(signSLV=signature(4)), Verdict.UNRECOVERABLE, "streaming-missing"),
    ],
)
def test_a_database_is_mounted_with_its_own_whole_streaming_file(
    report: DatabaseReport, verdict: Verdict, code: str
) -> None:
    judgement = judge(report, STREAM)
    assert judgement.verdict is verdict
    assert codes(judgement.findings) == [code]


def test_a_streaming_file_that_is_there_is_not_missing_though_nobody_read_it() -> None:
    report = replace(database_report(signSLV=signature(4)), streaming_path="DB.stm")
    assert judge(report, STREAM).verdict is Verdict.RECOVERABLE


def test_a_signature_that_was_not_recorded_is_not_compared() -> None:
    assert judge(with_streaming(signSLV=bytes(28)), STREAM).verdict is Verdict.RECOVERABLE
    assert judge(with_streaming(header={"signSLV": bytes(28)}), STREAM).verdict is Verdict.RECOVERABLE


def test_all_findings_of_a_database_are_gathered() -> None:
    one = finding(Severity.WARNING, "ese.page-bad")
    database = replace(with_streaming(), findings=(one,))
    start = bytearray(database_start(attrib=1, signSLV=signature(4)))
    start[9] ^= 1
    database = replace(database, streaming=read_header_pair(bytes(start), "DB.stm"))
    found = findings_for(database, STREAM, judge(database, STREAM))
    assert codes(found) == ["page-bad", "header-copy-bad", "checkpoint-missing"]
    assert findings_for(replace(database, pages=None), None, Judgement(Verdict.CLEAN)) == found[:2]
