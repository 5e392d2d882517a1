"""Our own reader, which real files prove, reads what the lab writes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from orchestrator.ese.checkpoint import read_checkpoint
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.log_names import LogKind, parse_name
from orchestrator.ese.reports import BodyState, Copy, DatabaseState, FileType
from orchestrator.hosts.emulated_exchange.emulator.mailbox.database_pages import (
    PAGES,
    ROTTEN_PAGE,
    USED_PAGES,
)
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import FIVE_DIGITS, FORMS
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_folder import KEPT
from orchestrator.model.verification import Verdict
from tests.orchestrator.hosts.emulated_exchange.mailbox.plain_volume import (
    PlainDatabase,
    database_report,
    log_reports,
    stream_report,
)

pytestmark = pytest.mark.many

PAGE_SIZES = {"2003": 4096, "2007": 8192, "2010": 32768, "2016": 32768}
LOG_VERSIONS = {"2003": (7, 3704), "2007": (7, 3704), "2010": (7, 3704), "2016": (8, 4000)}
CURRENT_NAME = "DB01/E00.log"


@pytest.fixture(params=sorted(FORMS))
def exchange(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(exchange: str) -> PlainDatabase:
    return PlainDatabase(exchange)


@pytest.mark.parametrize("changes", [0, 1, 60])
def test_a_database_that_stands_still_is_recoverable(database: PlainDatabase, changes: int) -> None:
    database.change(changes)

    judgement = database.judge()

    assert (judgement.verdict, judgement.findings) == (Verdict.RECOVERABLE, ())
    assert stream_report(database.logs.copy()).findings == ()


def test_headers_are_good_and_dirty(database: PlainDatabase, exchange: str) -> None:
    database.change(9)

    report = database_report(database.pages.copy())

    assert (report.pair.primary, report.pair.shadow, report.pair.findings) == (Copy.GOOD, Copy.GOOD, ())
    header = report.pair.header
    assert header is not None
    assert header.page_size == PAGE_SIZES[exchange]
    assert (header.state, header.file_type) == (DatabaseState.DIRTY_SHUTDOWN, FileType.DATABASE)
    assert header.committed == header.required[1]
    assert 0 < header.required[1] - header.required[0] <= 3
    assert not header.sign_db.empty
    assert not header.sign_log.empty
    recorded = dict(header.fields)["lGenMaxCommitted"]
    assert recorded == ("0" if exchange == "2003" else str(header.committed))


def test_every_page_is_good_or_blank(database: PlainDatabase, exchange: str) -> None:
    database.change(200)
    pages = database_report(database.pages.copy()).pages
    assert pages is not None
    assert pages.findings == ()
    old = 20 if exchange == "2003" else 0
    counts = pages.counts
    assert (counts.data, counts.blank, counts.old, counts.new) == (
        PAGES,
        PAGES - USED_PAGES,
        old,
        USED_PAGES - old,
    )


def test_logs_follow_each_other(database: PlainDatabase, exchange: str) -> None:
    database.change(50)
    reports = log_reports(database.logs.copy())

    assert len(reports) == KEPT + 1
    assert all(each.body is BodyState.INTACT and not each.findings for each in reports)
    headers = [each.header for each in reports if each.header]
    first = headers[0].generation
    assert [each.generation for each in headers] == list(range(first, first + KEPT + 1))
    for before, after in pairwise(headers):
        assert after.previous_created == before.created
    assert {each.version[:2] for each in headers} == {LOG_VERSIONS[exchange]}
    chains = [each.chain_checksum for each in reports]
    if exchange == "2016":
        assert [each.previous_checksum for each in headers[1:]] == chains[:-1]
        assert len({*chains}) == len(chains)
    else:
        assert {*chains} == {None}


def test_the_current_log_has_no_number_and_the_others_their_generation(database: PlainDatabase) -> None:
    database.change(31)
    reports = log_reports(database.logs.copy())
    *archived, current = [(parse_name(each.name), each.header) for each in reports]
    assert current[0] is not None
    assert current[0].kind is LogKind.CURRENT
    for name, header in archived:
        assert name is not None
        assert header is not None
        assert name.generation == header.generation


def test_names_have_five_digits_in_2003_and_eight_later() -> None:
    assert FORMS["2003"].log_name("E00", 0x1A) == "E000001A.log"
    assert FORMS["2003"].log_name("E00", FIVE_DIGITS + 1) == "E0000100000.log"
    for exchange in ("2007", "2010", "2016"):
        assert FORMS[exchange].log_name("E01", 0x1A) == "E010000001A.log"


def test_a_log_keeps_what_its_file_held_before_and_is_good_all_the_same(database: PlainDatabase) -> None:
    """Files are recycled: behind the newest records lie those of an older generation."""
    while database.contents._log.full or len({*_bodies(database)}) < KEPT:
        database.change()
    database.change(2 * KEPT)
    current = database.logs.copy()[CURRENT_NAME]
    assert any(current[-8192:])
    assert database.judge().verdict is Verdict.RECOVERABLE


def _bodies(database: PlainDatabase) -> list[bytes]:
    return [data[4096:] for path, data in database.logs.copy().items() if path.endswith(".log")]


@pytest.mark.parametrize("changes_per_log", [2, 7])
def test_logs_of_other_sizes_are_good_too(exchange: str, changes_per_log: int) -> None:
    database = PlainDatabase(exchange, changes_per_log=changes_per_log)
    database.change(4 * changes_per_log + 1)
    assert len(database.logs.copy()[CURRENT_NAME]) == 8192 * (changes_per_log + 1)
    assert database.judge().verdict is Verdict.RECOVERABLE


def test_only_2003_has_a_streaming_file(database: PlainDatabase, exchange: str) -> None:
    files = database.pages.copy()
    assert ("DB01/DB01.stm" in files) is (exchange == "2003")
    if exchange == "2003":
        streaming = read_header_pair(files["DB01/DB01.stm"], "stm").header
        main = read_header_pair(files["DB01/DB01.edb"], "edb").header
        assert streaming is not None
        assert main is not None
        assert streaming.streaming
        assert streaming.file_type == FileType.STREAMING
        assert streaming.sign_streaming == main.sign_streaming
        assert streaming.sign_db == main.sign_db


def test_the_checkpoint_is_never_ahead_of_the_header(database: PlainDatabase) -> None:
    for _ in database.step(24):
        header = read_header_pair(database.pages.copy()["DB01/DB01.edb"], "edb").header
        checkpoint = read_checkpoint("E00.chk", database.logs.copy()["DB01/E00.chk"])
        assert header is not None
        assert checkpoint.position is not None
        assert checkpoint.findings == ()
        assert checkpoint.position.generation <= header.required[0]
        assert checkpoint.sign_log == header.sign_log


def test_a_rotten_page_is_found_by_its_number_and_stays_rotten(database: PlainDatabase) -> None:
    database.change(5)
    database.spoil()
    database.change(4 * USED_PAGES)

    pages = database_report(database.pages.copy()).pages

    assert pages is not None
    assert pages.counts.bad == 1
    (finding,) = pages.findings
    assert finding.place.number == ROTTEN_PAGE
    assert database.judge().verdict is Verdict.DAMAGED
