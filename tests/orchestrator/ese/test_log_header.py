from __future__ import annotations

from typing import Any

import pytest

from orchestrator.ese.log_file import check_log, read_log_header
from orchestrator.ese.reports import BodyState
from orchestrator.model.verification import Severity
from tests.orchestrator.ese.building import codes, flip, log7, log8, log_header, signature


def test_a_header_is_read_from_its_first_bytes_alone() -> None:
    header, findings = read_log_header("E00.log", bytes(log8(26)[:4096]))
    assert findings == ()
    assert header is not None
    assert (header.generation, header.version, header.file_sectors) == (26, (8, 4000, 90, 200), 6)
    assert ("lGeneration", "26") in header.fields


@pytest.mark.parametrize("at", [4, 45, 700, 4095])
def test_a_header_with_a_wrong_checksum_is_not_believed(at: int) -> None:
    log = log8(26)
    flip(at)(log)
    report = check_log("E000001A.log", bytes(log))
    assert report.header is None
    assert not report.intact
    assert codes(report.findings) == ["log-header-bad"]
    assert report.findings[0].ese_error == -1018


@pytest.mark.parametrize("size", [0, 1, 4095])
def test_a_file_too_short_for_a_header_is_a_finding(size: int) -> None:
    report = check_log("E000001A.log", bytes(log8(26)[:size]))
    assert codes(report.findings) == ["log-header-bad"]
    assert report.findings[0].ese_error == -501


@pytest.mark.parametrize("change", [-4096, -1, 1, 4096])
@pytest.mark.parametrize("log", [log7(26), log8(26)], ids=["v7", "v8"])
def test_a_log_must_be_as_long_as_its_header_says(log: bytearray, change: int) -> None:
    data = bytes(log[:change]) if change < 0 else bytes(log) + bytes(change)
    report = check_log("E000001A.log", data)
    assert codes(report.findings) == ["log-size-wrong"]
    assert report.body is BodyState.DAMAGED
    assert report.findings[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("version", "fields", "expected"),
    [
        ((8, 4000, 5, 16), {"cbSec": 512, "csecHeader": 8, "csecLGFile": 48}, ["log-sectors-wrong"]),
        ((8, 4000, 5, 16), {"csecHeader": 2}, ["log-sectors-wrong"]),
        ((8, 4000, 5, 16), {"cbSec": 0}, ["log-sectors-wrong", "log-size-wrong"]),
        ((7, 3704, 15, 0), {"cbSec": 500}, ["log-sectors-wrong", "log-size-wrong"]),
        ((7, 3704, 15, 0), {"csecHeader": 0}, ["log-sectors-wrong"]),
        ((7, 3704, 15, 0), {"cbSec": 256, "csecHeader": 16, "csecLGFile": 96}, ["log-sectors-wrong"]),
        ((8, 4000, 5, 16), {"filetype": 4}, ["not-a-log"]),
        ((8, 4000, 5, 16), {"filetype": 0}, []),
        ((8, 4000, 5, 16), {}, []),
        ((9, 1, 1, 1), {}, []),
    ],
)
def test_a_header_must_make_sense(
    version: tuple[int, int, int, int], fields: dict[str, Any], expected: list[str]
) -> None:
    sectors = 6 if version[0] >= 8 else 48
    data = bytes(log_header(26, version, sectors, **fields)).ljust(6 * 4096, b"\0")
    if version[0] == 7:
        data = bytes(log_header(26, version, sectors, **fields)) + bytes(40 * 512)
    assert codes(check_log("E00.log", data).findings) == expected


def test_the_body_of_a_version_that_nobody_knows_is_not_checked() -> None:
    data = bytes(log_header(26, (6, 1, 1, 1), 48)) + bytes(40 * 512)
    report = check_log("E00.log", data)
    assert report.body is BodyState.NOT_CHECKED
    assert not report.intact
    assert codes(report.findings) == ["log-version-unknown"]
    assert report.findings[0].severity is Severity.WARNING


@pytest.mark.parametrize(("flags", "circular"), [(0, False), (1, False), (2, True), (4, True), (6, True)])
def test_circular_logging_is_seen_now_or_in_the_past(flags: int, circular: bool) -> None:
    report = check_log("E00.log", bytes(log8(26, fLGFlags=flags, signLog=signature(5))))
    assert report.header is not None
    assert report.header.circular is circular
    assert report.header.sign_log.random == 5
