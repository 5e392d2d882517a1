from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestrator.errors import VerificationStopped
from orchestrator.model.verification import ContentFinding, Place, Severity, Verdict
from orchestrator.verify import log_reading, set_check
from orchestrator.verify.set_check import CheckOptions, check_folder
from orchestrator.verify.set_report import SetReport
from tests.ese_samples import sample
from tests.orchestrator.verify.made_files import (
    SIGN_OTHER,
    codes,
    database,
    dirty,
    flipped,
    header,
    log,
    stream,
)
from tests.orchestrator.verify.sources import MemoryFile, MemoryFolder, MemoryStore, Recorder

WIN11 = (
    "SRUDB.dat",
    "SRUDB.jfm",
    "SRU.chk",
    "SRU00059.log",
    "SRU0005A.log",
    "SRU0005B.log",
    "SRU.log",
    "SRUtmp.log",
)
WIN10 = (
    "SRUDB.dat",
    "SRU.chk",
    *(f"SRU000{number}.log" for number in ("19", "1A", "1B", "1C", "1D", "1E", "1F")),
)
E2003 = ("priv1.edb", "E00.chk", "E000001A.log", "E000001B.log", "E000001C.log", "E00.log")

# Verdict of a set of samples without one of its files, and the engine's number that is said of it.
SETS = [
    ("srum-win11-dirty", WIN11, "", Verdict.RECOVERABLE, None),
    ("srum-win11-dirty", WIN11, "SRU.log", Verdict.UNRECOVERABLE, -543),
    ("srum-win11-dirty", WIN11, "SRU00059.log", Verdict.RECOVERABLE, None),
    ("srum-win11-dirty", WIN11, "SRU0005A.log", Verdict.RECOVERABLE, -528),
    ("srum-win11-dirty", WIN11, "SRU.chk", Verdict.RECOVERABLE, None),
    ("srum-win11-dirty", WIN11, "SRUDB.jfm", Verdict.RECOVERABLE, None),
    ("srum-win10-clean", (*WIN10, "SRU.log", "SRUtmp.log"), "", Verdict.CLEAN, None),
    ("srum-win10-clean", WIN10, "SRU0001C.log", Verdict.CLEAN, None),
    ("synthetic-e2003", E2003, "", Verdict.RECOVERABLE, None),
    ("synthetic-e2003", E2003, "E00.log", Verdict.RECOVERABLE_WITH_LOSS, -582),
    ("synthetic-e2003", E2003, "E000001B.log", Verdict.UNRECOVERABLE, -543),
]


def checked(
    files: Mapping[str, bytes | None], *, logs: Mapping[str, bytes] | None = None, **options: object
) -> SetReport:
    other = MemoryFolder(logs, "logs") if logs is not None else None
    made = replace(set_check.DEFAULTS, **options)  # type: ignore[arg-type] # any option
    return check_folder(MemoryFolder(files), Recorder(), made, logs=other)


@pytest.mark.parametrize(("folder", "names", "without", "verdict", "ese_error"), SETS)
def test_a_set_of_samples_is_judged(
    folder: str, names: tuple[str, ...], without: str, verdict: Verdict, ese_error: int | None
) -> None:
    report = checked({name: sample(f"{folder}/{name}") for name in names if name != without})
    assert report.verdict is verdict
    assert len(report.databases) == 1
    assert len(report.streams) == 1
    said = {each.ese_error for each in report.all_findings()}
    assert ese_error is None or ese_error in said
    assert any(each.severity is Severity.ERROR for each in report.all_findings()) is not verdict.passed


def server(first: int = 5, last: int = 8, needs: tuple[int, int] = (6, 8)) -> dict[str, bytes | None]:
    return {"DB01.edb": dirty(*needs), **stream(first, last)}


def test_a_made_set_is_recoverable() -> None:
    report = checked(server())
    assert report.verdict is Verdict.RECOVERABLE, report.all_findings()


class FileSystemFolder(MemoryFolder):
    """A file system that finds something out while it is read."""

    def __init__(self, finding: ContentFinding) -> None:
        super().__init__(server())
        self.findings: list[ContentFinding] = []
        self._finding = finding

    def open(self, path: str) -> MemoryFile:
        self.findings = [self._finding]
        return super().open(path)


@pytest.mark.parametrize(
    ("code", "severity", "verdict"),
    [
        ("verify.file-system-dirty", Severity.WARNING, Verdict.RECOVERABLE),
        ("verify.file-system-damaged", Severity.ERROR, Verdict.DAMAGED),
    ],
)
def test_what_a_file_system_has_to_say_is_said(code: str, severity: Severity, verdict: Verdict) -> None:
    finding = ContentFinding(code, severity, Place("the file system"), "It is not as it should be.")
    report = check_folder(FileSystemFolder(finding), Recorder())
    assert report.all_findings().count(finding) == 1
    assert report.verdict is verdict


def test_the_worst_database_decides() -> None:
    report = checked({**server(), "DB02.edb": dirty(7, 9)})
    assert [judgement.verdict.passed for _, judgement in report.databases] == [True, False]
    assert report.verdict is report.databases[1][1].verdict


def test_a_database_goes_with_the_stream_of_its_signature() -> None:
    files = {
        **{f"one/{name}": data for name, data in stream(1, 9).items()},
        **{f"two/{name}": data for name, data in stream(1, 9, sign_log=SIGN_OTHER).items()},
        "one/A.edb": dirty(7, 9, sign_log=SIGN_OTHER),
        "two/B.edb": dirty(7, 9),
    }
    assert checked(files).verdict is Verdict.RECOVERABLE


def test_of_two_copies_of_a_stream_the_one_beside_the_database_counts() -> None:
    files = {
        **{f"old/{name}": data for name, data in stream(1, 7).items()},
        **{f"db/{name}": data for name, data in stream(5, 9).items()},
        "db/A.edb": dirty(7, 9),
    }
    assert checked(files).verdict is Verdict.RECOVERABLE


def test_a_longer_copy_elsewhere_does_not_take_the_place_of_the_one_beside() -> None:
    files: dict[str, bytes | None] = {
        **{f"copy/{name}": data for name, data in stream(1, 9).items()},
        **{f"db/{name}": data for name, data in stream(6, 9).items()},
        "db/A.edb": dirty(7, 9),
    }
    files["copy/E0000000008.log"] = b"\7" * 16384
    assert checked(files).verdict is Verdict.RECOVERABLE


def test_of_two_copies_of_a_stream_elsewhere_the_one_that_reaches_far_enough_counts() -> None:
    files = {
        **{f"a/{name}": data for name, data in stream(1, 7).items()},
        **{f"b/{name}": data for name, data in stream(6, 9).items()},
        "db/A.edb": dirty(7, 9),
    }
    assert checked(files).verdict is Verdict.RECOVERABLE


def test_a_database_beside_logs_of_another_server_is_told_so() -> None:
    report = checked({"DB01.edb": dirty(6, 8), **stream(5, 8, sign_log=SIGN_OTHER)})
    assert report.verdict is Verdict.UNRECOVERABLE
    assert {-530, -531} & {each.ese_error for each in report.all_findings()}


def test_logs_may_come_from_another_folder() -> None:
    assert checked({"DB01.edb": dirty(6, 8)}).verdict is Verdict.UNRECOVERABLE
    assert checked({"DB01.edb": dirty(6, 8)}, logs=stream(5, 8)).verdict is Verdict.RECOVERABLE


def test_logs_from_another_folder_replace_those_beside_the_database() -> None:
    assert checked(server(), logs=stream(5, 7)).verdict.failed


def test_a_current_log_in_another_folder_counts_if_the_database_names_its_stream() -> None:
    old = stream(2, 5, sign_log=SIGN_OTHER)
    report = checked({"DB01.edb": dirty(90, 90)}, logs={**old, "E00.log": log(90)})
    assert report.verdict is Verdict.RECOVERABLE


def test_logs_alone_are_judged_by_themselves() -> None:
    assert checked(stream(5, 8)).verdict is Verdict.CLEAN
    gap = stream(5, 8)
    del gap["E00" + "00000006.log"]
    report = checked(gap)
    assert report.verdict is Verdict.DAMAGED
    assert -528 in {each.ese_error for each in report.all_findings()}


def test_a_leftover_stream_does_not_stand_against_a_good_database() -> None:
    old = {f"old/{name}": data for name, data in stream(1, 9, sign_log=SIGN_OTHER).items()}
    del old["old/E0000000004.log"]
    report = checked({**server(), **old})
    assert report.verdict is Verdict.RECOVERABLE
    assert all(each.severity is not Severity.ERROR for each in report.all_findings())
    assert (-528, Severity.WARNING) in {(each.ese_error, each.severity) for each in report.all_findings()}


def test_an_empty_folder_is_not_verifiable_and_says_why() -> None:
    report = checked({"readme.txt": b"hello"})
    assert report.verdict is Verdict.NOT_VERIFIABLE
    assert codes(report.findings) == ["verify.nothing-found"]


def test_a_set_that_was_not_looked_through_is_not_verifiable(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "/".join("d" * 17)
    assert checked({**server(), f"{deep}/DB.edb": database()}).verdict is Verdict.NOT_VERIFIABLE


@pytest.mark.parametrize("name", ["DB01.edb", "E0000000007.log", "E00.log"])
def test_a_file_that_cannot_be_read_proves_nothing_either_way(name: str) -> None:
    report = checked({**server(), name: None})
    assert report.verdict is Verdict.NOT_VERIFIABLE
    assert "verify.cannot-read" in codes(report.all_findings())


def test_an_unread_log_that_no_database_needs_is_no_matter() -> None:
    assert checked({**server(2), "E0000000002.log": None}).verdict is Verdict.RECOVERABLE


def test_an_unreadable_companion_is_said() -> None:
    report = checked({**server(), "DB01.jfm": None, "E00.chk": None})
    assert report.verdict is Verdict.RECOVERABLE
    assert "verify.cannot-read" in codes(report.flush_maps[0].findings)
    streaming = checked({**server(), "DB01.stm": None})
    assert streaming.verdict is Verdict.NOT_VERIFIABLE


def test_a_streaming_file_goes_into_the_judgement() -> None:
    both = header(attrib=1, file_type=2) * 2
    assert checked({**server(), "DB01.stm": both}).verdict is Verdict.RECOVERABLE
    report = checked({**server(), "DB01.stm": both[:-100]})
    assert report.databases[0][0].streaming_path == "clone/DB01.stm"
    assert report.verdict is Verdict.DAMAGED


def test_a_gigantic_log_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_reading, "MAX_LOG_BYTES", 10_000)
    report = checked(server())
    assert "verify.log-too-large" in codes(report.all_findings())
    assert report.verdict is Verdict.UNRECOVERABLE


def test_what_headers_say_for_people_is_kept_for_small_streams_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_reading, "MANY_LOGS", 3)
    few, many = checked(stream(5, 7)), checked(stream(5, 8))
    assert all(log.header and log.header.fields for log in few.streams[0].logs)
    assert not any(log.header.fields for log in many.streams[0].logs if log.header)


def test_every_file_is_announced_before_the_first_is_read() -> None:
    control, files = Recorder(), {**server(), "DB01.jfm": b"x" * 100, "E00.chk": b"y" * 200}
    check_folder(MemoryFolder(files), control)
    announced = {what: total for what, done, total in control.seen[: len(files)] if done == 0}
    assert announced == {f"clone/{name}": len(data or b"") for name, data in files.items()}


def test_logs_are_read_in_their_order_the_current_one_last() -> None:
    control = Recorder()
    check_folder(MemoryFolder(server()), control)
    read = [what for what, done, _ in control.seen if done and what.endswith(".log")]
    assert read == [*(f"clone/E00{number:08X}.log" for number in (5, 6, 7)), "clone/E00.log"]


def test_progress_of_every_file_ends_with_its_size() -> None:
    control, files = Recorder(), {**server(), "DB01.jfm": b"x" * 100, "E00.chk": b"y" * 200}
    check_folder(MemoryFolder(files), control)
    last = {what: (done, total) for what, done, total in control.seen}
    assert all(done == total for done, total in last.values())


def test_bytes_and_time_are_measured() -> None:
    ticks = itertools.count(10.0, 4.0)
    report = checked(server(), clock=lambda: next(ticks))
    assert report.seconds == 4.0
    assert report.bytes_read >= sum(len(data or b"") for data in server().values())
    assert report.bytes_per_s == report.bytes_read / 4
    assert replace(report, seconds=0.0).bytes_per_s is None


def test_a_stop_ends_the_check_wherever_it_is() -> None:
    for stop_after in range(len(taken(server()))):
        with pytest.raises(VerificationStopped):
            check_folder(MemoryFolder(server()), Recorder(stop_after=stop_after))


def test_the_store_is_cleared_at_the_end_and_not_before() -> None:
    store, files = MemoryStore(), {**server(), "DB02.edb": dirty(6, 8, pages=50)}
    whole = len(taken(files))
    with pytest.raises(VerificationStopped):
        check_folder(MemoryFolder(files), Recorder(stop_after=whole - 1), CheckOptions(store=store))
    assert "clone/DB01.edb" in store.states
    check_folder(MemoryFolder(files), Recorder(), CheckOptions(store=store))
    assert store.states == {}


def taken(files: Mapping[str, bytes | None]) -> list[int]:
    control = Recorder()
    check_folder(MemoryFolder(files), control)
    return control.taken


def test_trees_are_walked_when_asked_for() -> None:
    files = {"a.edb": sample("dbs/decompress-8k-clean.edb")}
    assert checked(files).databases[0][0].logical is None
    control = Recorder()
    report = check_folder(MemoryFolder(files), control, CheckOptions(logical=True))
    assert report.databases[0][0].logical is not None
    assert report.verdict is Verdict.CLEAN
    told = [done for what, done, _ in control.seen if what == "clone/a.edb (trees)"]
    assert told == sorted(told)
    assert told[-1] > 8192


def test_a_damaged_page_is_damage() -> None:
    report = checked({**server(), "DB01.edb": flipped(flipped(dirty(6, 8), 30_000), 30_100)})
    assert report.verdict is Verdict.DAMAGED


def test_a_torn_header_pair_of_a_running_server_is_no_failure() -> None:
    assert checked({**server(), "DB01.edb": flipped(dirty(6, 8), 5000)}).verdict is Verdict.RECOVERABLE


def test_a_replaced_log_is_told_by_its_signature() -> None:
    report = checked({**server(), "E0000000007.log": log(7, sign_log=SIGN_OTHER)})
    assert report.verdict is Verdict.UNRECOVERABLE
    assert -530 in {each.ese_error for each in report.all_findings()}
