from __future__ import annotations

from typing import Any, Final

import pytest

from orchestrator.ese.log_chain import missing_ranges
from orchestrator.ese.log_stream import check_stream
from orchestrator.ese.reports import StreamReport
from orchestrator.model.verification import Severity
from tests.orchestrator.ese.building import (
    OTHER_STREAM,
    STREAM,
    chain_of,
    changed,
    checkpoint_file,
    codes,
    created,
    flip,
    log7,
    log8,
    stream8,
    stream_report,
    without,
)

FILES: Final = stream8(1, 4) | {"E00.chk": checkpoint_file(2)}


def found(report: StreamReport) -> dict[str, tuple[Severity, int | None]]:
    return {each.code.partition(".")[2]: (each.severity, each.ese_error) for each in report.findings}


def test_a_whole_stream_has_nothing_against_it() -> None:
    report = stream_report(FILES)
    assert report.findings == ()
    assert [log.name for log in report.logs] == [
        "E0000000001.log",
        "E0000000002.log",
        "E0000000003.log",
        "E00.log",
    ]
    assert report.current is report.logs[-1]
    assert report.sign_log.raw == STREAM
    assert report.generation(3) is report.logs[2]
    assert report.generation(9) is None


def test_the_order_of_the_files_does_not_matter() -> None:
    assert stream_report(dict(reversed(FILES.items()))) == stream_report(FILES)


def test_a_stream_may_begin_anywhere() -> None:
    assert stream_report(without(FILES, "E0000000001.log")).findings == ()


def test_the_next_log_being_prepared_is_not_of_the_stream() -> None:
    files = FILES | {"E00tmp.log": log8(7, signLog=OTHER_STREAM), "E00res00001.jrs": bytearray(b"\xda" * 99)}
    assert stream_report(files) == stream_report(FILES)


def test_the_log_being_written_may_be_missing_in_the_moment_of_a_rollover() -> None:
    report = stream_report(without(FILES, "E00.log"))
    assert report.current is None
    assert found(report) == {"current-log-missing": (Severity.INFO, None)}


def test_names_with_five_digits_and_with_eight_are_of_one_stream() -> None:
    files = {"E0000001.log": FILES["E0000000001.log"]} | without(FILES, "E0000000001.log")
    assert stream_report(files).findings == ()
    both = FILES | {"E0000003.log": FILES["E0000000003.log"]}
    assert found(stream_report(both)) == {"log-twice": (Severity.WARNING, None)}


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["E0000000002.log"], "Missing from the middle of E00: E0000000002.log."),
        (["E0000000002.log", "E0000000003.log"], "E0000000002.log to E0000000003.log (2 logs)."),
    ],
)
def test_a_gap_is_named(names: list[str], text: str) -> None:
    files = stream8(1, 6)
    report = stream_report(without(files, *names))
    assert found(report) == {
        "log-gap": (Severity.ERROR, -528),
        "checkpoint-missing": (Severity.WARNING, -542),
    }
    assert any(each.text.endswith(text) for each in report.findings)


def test_a_renamed_log_is_seen_by_its_header() -> None:
    files = without(FILES, "E0000000001.log", "E0000000002.log")
    report = stream_report(files | {"E0000000001.log": FILES["E0000000002.log"]})
    assert found(report) == {
        "log-generation-mismatch": (Severity.ERROR, -513),
        "log-gap": (Severity.ERROR, -528),
    }


def test_two_logs_with_each_others_names_are_seen_as_that_alone() -> None:
    two, three = FILES["E0000000002.log"], FILES["E0000000003.log"]
    report = stream_report(FILES | {"E0000000002.log": three, "E0000000003.log": two})
    assert codes(report.findings) == ["log-generation-mismatch"] * 2


def test_a_log_of_another_stream_is_named_and_nothing_else_is_made_of_it() -> None:
    files = FILES | {"E0000000002.log": log8(2, signLog=OTHER_STREAM, tmCreate=created(99))}
    report = stream_report(files)
    assert found(report) == {"log-signature-mismatch": (Severity.ERROR, -530)}
    assert report.sign_log.raw == STREAM
    assert report.findings[0].place.file == "E0000000002.log"


def test_of_two_signatures_that_of_the_youngest_log_is_the_streams() -> None:
    files = {"E0000000001.log": log8(1, signLog=OTHER_STREAM), "E00.log": log8(2, good=1)}
    assert stream_report(files).sign_log.raw == STREAM


def test_a_log_made_after_another_one_breaks_the_sequence() -> None:
    files = FILES | {"E0000000003.log": log8(3, tmPrevGen=created(77))}
    assert found(stream_report(files))["log-sequence-broken"] == (Severity.ERROR, -515)


def test_times_may_step_back() -> None:
    files = {
        "E0000000001.log": log8(1, tmCreate=created(5000)),
        "E00.log": log8(2, good=1, tmPrevGen=created(5000), tmCreate=created(2)),
        "E00.chk": FILES["E00.chk"],
    }
    assert stream_report(files).findings == ()


def test_what_a_log_holds_is_sealed_by_the_next_one() -> None:
    files = FILES | {"E0000000002.log": log8(2, fill=9, checksumPrevLogAllSegments=0)}
    report = stream_report(files)
    assert found(report) == {"log-chain-broken": (Severity.ERROR, -590)}
    assert report.findings[0].place.file == "E0000000003.log"


def test_a_checksum_that_was_not_recorded_proves_nothing() -> None:
    files = {
        "E0000000001.log": log8(1),
        "E00.log": log8(2, good=1, checksumPrevLogAllSegments=0),
        "E00.chk": FILES["E00.chk"],
    }
    assert stream_report(files).findings == ()


def test_damage_in_a_log_is_not_reported_again_by_the_next_one() -> None:
    report = stream_report(changed(FILES, "E0000000002.log", flip(5000)))
    assert report.findings == ()
    assert codes(report.logs[1].findings) == ["log-segment-bad"]


@pytest.mark.parametrize(("first", "second", "warned"), [(90, 60, True), (60, 90, False), (60, 60, False)])
def test_the_version_may_only_rise(first: int, second: int, warned: bool) -> None:
    files = {
        "E0000000001.log": log8(1, ulUpdateMajor=first),
        "E00.log": log8(2, good=1, ulUpdateMajor=second),
        "E00.chk": FILES["E00.chk"],
    }
    expected = {"log-version-step": (Severity.WARNING, None)} if warned else {}
    assert found(stream_report(files)) == expected


@pytest.mark.parametrize(("generation", "number"), [(6, -528), (3, -515), (2, -515)])
def test_the_log_being_written_follows_the_highest_number(generation: int, number: int) -> None:
    files = FILES | {"E00.log": log8(generation, good=1)}
    assert found(stream_report(files)) == {"current-log-not-next": (Severity.ERROR, number)}


def test_circular_logging_is_said_once() -> None:
    files = {name: log for name, log in stream8(1, 4, fLGFlags=6).items()} | {"E00.chk": FILES["E00.chk"]}
    assert codes(stream_report(files).findings) == ["circular-logging"]
    assert found(stream_report(files)) == {"circular-logging": (Severity.WARNING, None)}


@pytest.mark.parametrize(
    ("checkpoint", "expected"),
    [
        (None, {"checkpoint-missing": (Severity.WARNING, -542)}),
        (
            checkpoint_file(2, signLog=OTHER_STREAM),
            {"checkpoint-signature-mismatch": (Severity.WARNING, -532)},
        ),
        (checkpoint_file(5), {"checkpoint-outside-logs": (Severity.WARNING, None)}),
        (checkpoint_file(0), {"checkpoint-outside-logs": (Severity.WARNING, None)}),
        (checkpoint_file(1), {}),
        (checkpoint_file(4), {}),
        (bytearray(8192), {}),  # its own report says it
    ],
)
def test_a_checkpoint_belongs_to_its_logs(checkpoint: bytearray | None, expected: dict[str, Any]) -> None:
    files = without(FILES, "E00.chk") | ({"E00.chk": checkpoint} if checkpoint else {})
    assert found(stream_report(files)) == expected


def test_a_stream_without_logs_is_a_finding() -> None:
    report = check_stream("E00", [])
    assert found(report) == {"no-logs": (Severity.WARNING, None)}
    assert report.sign_log.empty


def test_logs_without_headers_stay_in_the_stream() -> None:
    report = stream_report({"E0000000001.log": bytearray(9), "E00.log": bytearray(9)})
    assert len(report.logs) == 2
    assert report.sign_log.empty


def test_a_chain_of_the_old_format_hangs_on_its_times() -> None:
    files = {
        "E0000001.log": log7(1),
        "E0000002.log": log7(2),
        "E00.log": log7(3),
        "E00.chk": FILES["E00.chk"],
    }
    assert stream_report(files).findings == ()
    assert codes(stream_report(files | {"E0000002.log": log7(2, tmCreate=created(9))}).findings) == [
        "log-sequence-broken"
    ]


def test_the_chain_counts_every_good_segment() -> None:
    log = log8(1)
    assert chain_of(log, 4) != chain_of(log, 3)
    files = {
        "E0000000001.log": log,
        "E00.log": log8(2, good=1, checksumPrevLogAllSegments=chain_of(log, 3)),
    }
    assert "log-chain-broken" in found(stream_report(files))


@pytest.mark.parametrize(
    ("first", "last", "present", "missing"),
    [
        (1, 4, [1, 2, 3, 4], []),
        (1, 4, [], [(1, 4)]),
        (1, 4, [2], [(1, 1), (3, 4)]),
        (2, 4, [1, 3, 5], [(2, 2), (4, 4)]),
        (1, 2**31, [7], [(1, 6), (8, 2**31)]),
        (5, 4, [1, 9], []),
    ],
)
def test_missing_numbers_are_ranges_however_many(
    first: int, last: int, present: list[int], missing: list[tuple[int, int]]
) -> None:
    assert list(missing_ranges(first, last, present)) == missing
