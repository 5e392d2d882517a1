from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from orchestrator.cli import ese_check
from orchestrator.cli.ese_contents import together
from orchestrator.cli.ese_data import KEPT, database_findings, database_result, missing_between
from orchestrator.cli.ese_findings import SHOWN, findings_lines
from orchestrator.cli.ese_progress import OneBar, stoppable
from orchestrator.ese.reports import (
    Copy,
    DatabaseReport,
    HeaderPair,
    Judgement,
    PageCounts,
    PagesReport,
)
from orchestrator.model.verification import ContentFinding, Place, Severity, Verdict
from orchestrator.verify.database_check import THREADS
from orchestrator.verify.found import SetContents
from orchestrator.verify.set_check import CheckOptions, check_set
from orchestrator.verify.set_report import SetReport
from orchestrator.verify.throttle import Throttle
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.cli.ese_files import clean_database, write_set


def finding(severity: Severity, text: str, number: int = 1) -> ContentFinding:
    return ContentFinding("ese.page-bad", severity, Place("/srv/DB01.edb", "page", number), text)


def test_generations_that_are_missing_are_counted_out_only_so_far() -> None:
    assert missing_between([]) == []
    assert missing_between([7]) == []
    assert missing_between([9, 3, 4, 7]) == [5, 6, 8]
    assert missing_between([1, 0x7FFFFFF0]) == list(range(2, 2 + KEPT))
    assert len(missing_between([1, 600, 2000, 9000])) == KEPT


def test_only_the_worst_findings_are_shown_and_a_remedy_once() -> None:
    found = [finding(Severity.WARNING, f"Warning {number}.", number) for number in range(SHOWN)]
    lines = findings_lines([*found, finding(Severity.ERROR, "The error.")])
    assert lines[0] == "error: /srv/DB01.edb, page 1: The error."
    assert [line.partition(":")[0].strip() for line in lines[1:3]] == ["next", "code"]
    assert sum(line.startswith("  next: ") for line in lines) == 1
    assert sum(line.startswith("warning: ") for line in lines) == SHOWN - 1
    assert lines[-1] == "... and 1 more; --json has them"


def test_information_comes_without_a_remedy() -> None:
    assert findings_lines([finding(Severity.INFO, "So it is.")]) == ["info: /srv/DB01.edb, page 1: So it is."]


def test_under_its_heading_a_file_is_not_named_again() -> None:
    (line, *_) = findings_lines([finding(Severity.ERROR, "/srv/DB01.edb is bad.")], "/srv/DB01.edb")
    assert line == "error: page 1: DB01.edb is bad."
    whole = replace(finding(Severity.ERROR, "It is bad."), place=Place("/srv/DB01.edb"), ese_error=-1018)
    (line, *_) = findings_lines([whole], "/srv/DB01.edb")
    assert line == "error: It is bad. (ESE error -1018)"


def test_the_json_answer_keeps_a_thousand_runs_of_pages_and_counts_the_others() -> None:
    marks = tuple((page, page, "bad") for page in range(1, 2 * KEPT + 7, 2))
    pages = PagesReport(PageCounts(data=2 * KEPT + 7, bad=len(marks)), findings_left_out=5, marks=marks)
    report = DatabaseReport("DB01.edb", 1, HeaderPair(None, Copy.BAD, Copy.BAD), pages)
    result = database_result(report, Judgement(Verdict.DAMAGED), None)
    assert (len(result.marks), result.marks_left_out) == (KEPT, 3)
    assert result.findings_left_out == 5


def test_what_was_found_twice_is_told_once() -> None:
    bad = finding(Severity.ERROR, "It is bad.")
    report = DatabaseReport("DB01.edb", 1, HeaderPair(None, Copy.BAD, Copy.BAD), None, (bad, bad))
    assert database_findings(report, Judgement(Verdict.DAMAGED, (bad,))) == (bad,)


def test_the_logs_of_a_database_are_those_of_its_signature(quiesce: Quiesce, tmp_path: Path) -> None:
    write_set(tmp_path)
    foreign = clean_database(bytes(range(50, 78)))
    (tmp_path / "DB02.edb").write_bytes(foreign)
    (tmp_path / "DB03.edb").write_bytes(clean_database(bytes(28)))
    databases = quiesce("ese", "check", str(tmp_path), "--json").result["databases"]
    assert [each["stream"] for each in databases] == ["E00", None, None]


def test_what_is_asked_for_reaches_the_check(
    quiesce: Quiesce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def noted(bytes_per_s: int | None, requests_per_s: int | None, **more: Any) -> Throttle:
        asked.extend((bytes_per_s, requests_per_s))
        return Throttle(None, None, **more)

    def checked(contents: SetContents, control: Throttle, options: CheckOptions) -> SetReport:
        asked.extend((options.threads, options.logical, options.store is None))
        return check_set(contents, control, options)

    monkeypatch.setattr(ese_check, "Throttle", noted)
    monkeypatch.setattr(ese_check, "check_set", checked)
    path = str(write_set(tmp_path))
    assert quiesce("ese", "check", path).status == 0
    assert quiesce("ese", "check", path, "--threads", "3", "--throttle", "2MB/s", "--iops", "7").status == 0
    quiesce("ese", "check", path, "--logical", "--resume", str(tmp_path / "resume"))
    assert asked == [
        None,
        None,
        THREADS,
        False,
        True,
        2_000_000,
        7,
        3,
        False,
        True,
        None,
        None,
        THREADS,
        True,
        False,
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_ctrl_c_interrupts_and_handlers_are_given_back(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with stoppable(shows_progress=False) as (stop, watch):
        watch("DB01.edb", 1, 2)
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_one_bar_counts_all_files_together() -> None:
    with Progress(auto_refresh=False, disable=True) as bars:
        bar = OneBar(bars)
        for told in (("/srv/DB01.edb", 0, 100), ("/srv/DB02.edb", 0, 50), ("/srv/DB01.edb", 60, 100)):
            bar(*told)
        (task,) = bars.tasks
        assert (task.description, task.completed, task.total) == ("DB01.edb", 60, 150)
        bar("/srv/DB01.edb", 100, 100)
        bar("/srv/DB02.edb", 50, 50)
        assert (task.description, task.completed, task.total) == ("DB02.edb", 150, 150)


def test_what_was_not_looked_through_whole_stays_so_together_with_others() -> None:
    assert together([SetContents(), SetContents()]).complete
    assert not together([SetContents(complete=False), SetContents()]).complete


def test_names_that_are_no_text_are_told_all_the_same(quiesce: Quiesce, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"DB\xff\x1b[2J\n01.edb")
    path.write_bytes(clean_database())
    picture, resume = tmp_path / "map.svg", tmp_path / "check.resume"
    args = ("ese", "check", str(path), "--map", str(picture), "--resume", str(resume), "--json")
    ended = quiesce(*args)
    assert ended.status == 0
    assert ended.result["databases"][0]["path"] == str(path)
    text = quiesce("ese", "check", str(path)).out
    assert text.startswith(f"clean: {tmp_path}/DB\\udcff\\x1b[2J\\n01.edb\n  This database can")
    assert "\x1b" not in quiesce("ese", "header", str(path)).out
    assert "DB??[2J?01.edb" in picture.read_text(encoding="utf-8")
