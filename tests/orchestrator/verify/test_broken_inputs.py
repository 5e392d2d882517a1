"""Whatever a folder holds, checking it ends with a report."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.verification import Severity, Verdict
from orchestrator.verify.content_kind import Content, content_of
from orchestrator.verify.database_check import check_database
from orchestrator.verify.resume import Checkpointed, FileIdentity
from orchestrator.verify.set_check import check_folder
from tests.fuzzing import EXAMPLES, damaged, fuzzed
from tests.orchestrator.verify.made_files import database, dirty, header, log, stream
from tests.orchestrator.verify.sources import MemoryFile, MemoryFolder, MemoryStore, Recorder

pytestmark = pytest.mark.many

# A whole set takes as long as ten single files.
FEWER: Final = EXAMPLES // 10
SERVER: Final = {"DB01.edb": dirty(6, 8), **stream(5, 8)}
NAMES: Final = ("DB01.edb", "E00.log", "E00.chk", "DB01.jfm", "a.img", "E0000000007.log", "")
MADE: Final = (
    header() * 2 + b"\1" * 4096,
    header(2048, attrib=1) * 2,
    log(5)[:5000],
    b"\xeb\x52\x90NTFS    " + bytes(600),
)


def state() -> str:
    store = MemoryStore()
    check_database(MemoryFile(database()), Recorder(), store=store)
    return store.states["DB.edb"]


STATE: Final = state()
ITSELF: Final = Checkpointed(FileIdentity.of(MemoryFile(database()), database()[:65536]), 4096, 10)


@fuzzed
@given(damaged(*MADE), st.sampled_from(NAMES))
def test_any_start_is_told_what_it_is(start: bytes, name: str) -> None:
    assert isinstance(content_of(start, name), Content)


@fuzzed
@given(damaged(STATE.encode()))
def test_any_state_is_taken_up_or_left(text: bytes) -> None:
    taken = ITSELF.continued_from(text.decode("utf-8", "surrogateescape"))
    assert taken is None or taken.report.counts.data == taken.next_page - 1 <= 10


@settings(fuzzed, max_examples=FEWER)
@given(st.sampled_from(sorted(SERVER)), st.data())
def test_any_damage_to_a_file_of_a_set_is_judged(name: str, data: st.DataObject) -> None:
    files = {**SERVER, name: data.draw(damaged(SERVER[name]))}
    report = check_folder(MemoryFolder(files), Recorder())
    assert isinstance(report.verdict, Verdict)
    errors = [each for each in report.all_findings() if each.severity is Severity.ERROR]
    assert not (errors and report.verdict.passed), (report.verdict, errors)


@settings(fuzzed, max_examples=FEWER)
@given(st.dictionaries(st.sampled_from(NAMES[:-1]), damaged(*MADE), max_size=6))
def test_any_folder_is_judged(files: dict[str, bytes]) -> None:
    assert isinstance(check_folder(MemoryFolder(files), Recorder()).verdict, Verdict)
