"""Real logs and sets, and the answers that were worked out for them beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from orchestrator.ese.checkpoint import read_checkpoint
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.log_chain import chain_finding
from orchestrator.ese.log_file import check_log
from orchestrator.ese.log_names import LogKind, parse_name
from orchestrator.ese.log_stream import check_stream
from orchestrator.ese.reports import (
    BodyState,
    DatabaseReport,
    Judgement,
    LogReport,
    PagesReport,
    StreamReport,
)
from orchestrator.ese.verdict import judge
from orchestrator.model.verification import Severity, Verdict
from tests.ese_samples import FOLDER, sample, sample_path
from tests.orchestrator.ese.building import codes

DIRTY: Final = "srum-win11-dirty"
CLEAN: Final = "srum-win10-clean"
E2003: Final = "synthetic-e2003"
DATABASES: Final = {DIRTY: "SRUDB.dat", CLEAN: "SRUDB.dat", E2003: "priv1.edb"}


@cache
def log(folder: str, name: str, as_name: str = "") -> LogReport:
    return check_log(as_name or name, sample(f"{folder}/{name}"))


def names(folder: str) -> list[str]:
    sample_path(f"{folder}/{DATABASES[folder]}")
    return sorted(path.name for path in Path(FOLDER, folder).iterdir() if parse_name(path.name))


def stream(
    folder: str,
    without: Iterable[str] = (),
    renamed: Mapping[str, str] | None = None,
    extra: Iterable[LogReport] = (),
) -> StreamReport:
    logs, checkpoint = list(extra), None
    for name in names(folder):
        parsed = parse_name(name)
        if name in without or parsed is None:
            continue
        if parsed.kind is LogKind.CHECKPOINT:
            checkpoint = read_checkpoint(name, sample(f"{folder}/{name}"))
        else:
            logs.append(log(folder, name, (renamed or {}).get(name, name)))
    return check_stream(names(folder)[0][:3], logs, checkpoint)


def judged(folder: str, report: StreamReport | None) -> Judgement:
    name = DATABASES[folder]
    data = sample(f"{folder}/{name}")
    pair = read_header_pair(data[:65536], name)
    return judge(DatabaseReport(name, len(data), pair, PagesReport()), report)


@pytest.mark.parametrize(
    ("folder", "good"),
    [(DIRTY, [14, 14, 14, 9]), (CLEAN, [14] * 8), (E2003, [111, 110, 109, 14])],
)
def test_real_logs_are_whole(folder: str, good: list[int]) -> None:
    report = stream(folder)
    assert [each.segments for each in report.logs] == good
    assert {each.body for each in report.logs} == {BodyState.INTACT}
    assert [each.findings for each in report.logs] == [()] * len(good)
    expected = [] if folder == E2003 else ["circular-logging"]
    assert codes(report.findings) == expected


@pytest.mark.parametrize(
    ("folder", "first", "last", "random"),
    [(DIRTY, 0x59, 0x5C, 0x25894C02), (CLEAN, 0x19, 0x20, 0x09A08E76), (E2003, 0x1A, 0x1D, 0x5EED2003)],
)
def test_real_streams_follow_upon_each_other(folder: str, first: int, last: int, random: int) -> None:
    report = stream(folder)
    assert [each.header.generation for each in report.logs if each.header] == [*range(first, last + 1)]
    assert report.current is not None
    assert report.sign_log.random == random
    chains = [each.chain_checksum for each in report.logs[:-1]]
    following = [each.header.previous_checksum for each in report.logs[1:] if each.header]
    assert chains == (following if folder != E2003 else [None] * 3)


def test_the_log_being_prepared_would_chain_but_is_not_of_the_stream() -> None:
    prepared, first = log(CLEAN, "SRUtmp.log"), log(CLEAN, "SRU00019.log")
    assert prepared.header is not None
    assert prepared.header.generation == 0x18
    assert chain_finding(prepared, first) is None
    assert prepared not in stream(CLEAN).logs
    assert not any(each.name == "SRUtmp.log" for each in stream(DIRTY).logs)


@pytest.mark.parametrize(
    ("folder", "without", "verdict", "expected"),
    [
        (DIRTY, (), Verdict.RECOVERABLE, {}),
        (DIRTY, ("SRU.log",), Verdict.UNRECOVERABLE, {"required-log-missing": -543}),
        (DIRTY, ("SRU00059.log",), Verdict.RECOVERABLE, {}),
        (DIRTY, ("SRU0005A.log",), Verdict.RECOVERABLE, {"older-log-missing": -528}),
        (DIRTY, ("SRU.chk",), Verdict.RECOVERABLE, {}),
        (CLEAN, (), Verdict.CLEAN, {}),
        (CLEAN, ("SRU0001C.log",), Verdict.CLEAN, {}),
        (CLEAN, ("SRU.log",), Verdict.CLEAN, {"clean-database-newer-than-logs": None}),
        (E2003, (), Verdict.RECOVERABLE, {}),
        (E2003, ("E00.log",), Verdict.RECOVERABLE_WITH_LOSS, {"committed-log-missing": -582}),
        (E2003, ("E000001B.log",), Verdict.UNRECOVERABLE, {"required-log-missing": -543}),
    ],
)
def test_real_sets_are_judged(
    folder: str, without: tuple[str, ...], verdict: Verdict, expected: dict[str, int | None]
) -> None:
    judgement = judged(folder, stream(folder, without))
    assert judgement.verdict is verdict
    assert dict(
        zip(codes(judgement.findings), [each.ese_error for each in judgement.findings], strict=True)
    ) == (expected)


def test_missing_logs_of_a_real_set_are_named() -> None:
    texts = [each.text for each in judged(E2003, stream(E2003, ["E00.log"])).findings]
    assert "E000001D.log (as E00.log, if it was still being written)" in texts[0]
    texts = [each.text for each in judged(DIRTY, stream(DIRTY, ["SRU.log"])).findings]
    assert "SRU0005C.log (as SRU.log, if it was still being written)" in texts[0]


def test_a_real_set_without_any_logs() -> None:
    assert judged(DIRTY, None).verdict is Verdict.UNRECOVERABLE
    assert judged(CLEAN, None).verdict is Verdict.CLEAN


def test_a_renamed_real_log() -> None:
    report = stream(DIRTY, ["SRU00059.log"], {"SRU0005A.log": "SRU00059.log"})
    assert "log-generation-mismatch" in codes(report.findings)
    assert {each.ese_error for each in report.findings} >= {-513, -528}


def test_the_same_generation_of_another_real_set() -> None:
    other = log(E2003, "E000001A.log", "SRU0001A.log")
    report = stream(CLEAN, ["SRU0001A.log"], extra=[other])
    assert [each.ese_error for each in report.findings if each.severity is Severity.ERROR] == [-530]


def test_logs_of_one_real_set_are_not_those_of_another() -> None:
    judgement = judged(DIRTY, stream(CLEAN))
    assert judgement.verdict is Verdict.UNRECOVERABLE
    assert codes(judgement.findings) == ["database-signature-mismatch"]


@pytest.mark.parametrize(("name", "at"), [("SRU0005A.log", 4096 * 3 + 77), ("SRU0005A.log", 2000)])
def test_a_changed_byte_of_a_real_log(name: str, at: int) -> None:
    data = bytearray(sample(f"{DIRTY}/{name}"))
    data[at] ^= 0x42
    report = check_log(name, bytes(data))
    assert not report.intact
    assert [each.ese_error for each in report.findings] == [-1018 if at < 4096 else -501]


@pytest.mark.parametrize("name", ["E000001B.log", "E00.log"])
def test_a_changed_byte_of_a_log_of_exchange_2003(name: str) -> None:
    data = bytearray(sample(f"{E2003}/{name}"))
    data[4096 + 1000] ^= 0x42
    assert codes(check_log(name, bytes(data)).findings) == ["log-record-bad"]


def test_the_real_shadow_sector_stands_in_for_its_original() -> None:
    data = bytearray(sample(f"{E2003}/E00.log"))
    end = log(E2003, "E00.log").last_position
    data[end.segment * 512 : end.segment * 512 + 512] = bytes(512)
    report = check_log("E00.log", bytes(data))
    assert (report.body, report.segments, report.last_position) == (BodyState.PATCHABLE, 14, end)


def test_a_database_cloned_later_than_its_logs_is_refused() -> None:
    """The database of 2022-07-19 with the logs as they were when 5B was being written."""
    report = stream(DIRTY, ["SRU.log", "SRU0005B.log"], extra=[log(DIRTY, "SRU0005B.log", "SRU.log")])
    judgement = judged(DIRTY, report)
    assert judgement.verdict is Verdict.UNRECOVERABLE
    assert "database-newer-than-logs" in codes(judgement.findings)
