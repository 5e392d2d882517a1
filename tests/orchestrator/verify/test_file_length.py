from __future__ import annotations

import pytest

from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.database_layout import LAYOUT
from orchestrator.ese.logical.extents import SpaceHeader
from orchestrator.ese.logical.nodes import DELETED, Node
from orchestrator.ese.logical.page import LEAF, Page
from orchestrator.ese.reports import DatabaseState
from orchestrator.ese.sealing import seal_header
from orchestrator.model.verification import ContentFinding, Severity
from orchestrator.verify import file_length
from orchestrator.verify.database_check import check_database
from orchestrator.verify.file_length import length_findings
from orchestrator.verify.page_cache import PageCache
from tests.ese_samples import sample
from tests.orchestrator.verify.made_files import database, put
from tests.orchestrator.verify.sources import MemoryFile, Recorder

# Samples, and how many pages at their ends the engine has not taken for the database yet.
SPARE = {
    "srum-win11-dirty/SRUDB.dat": 16,
    "srum-win10-clean/SRUDB.dat": 16,
    "dbs/qmgr-win11-16k-dirty.db": 16,
    "dbs/decompress-8k-clean.edb": 0,
    "dbs/ual-current-4k-dirty.mdb": 0,
    "synthetic-e2003/priv1.edb": 0,
}


def with_field(data: bytes, name: str, value: int) -> bytes:
    header = read_header_pair(data[:65536], name).header
    assert header
    block = bytearray(data[: header.page_size])
    put(block, LAYOUT[name], value)
    seal_header(block)
    return bytes(block) * 2 + data[2 * header.page_size :]


def looked_at(data: bytes) -> tuple[ContentFinding, ...]:
    header = read_header_pair(data[:65536], "DB.edb").header
    assert header
    return length_findings(MemoryFile(data), header, Recorder())


@pytest.mark.parametrize(
    "name", [*SPARE, "dbs/catalog1-4k-win81-clean.edb", "dbs/srudb-4k-garbage-tail.dat.gz"]
)
def test_whole_samples_are_long_enough(name: str) -> None:
    assert looked_at(sample(name)) == ()


@pytest.mark.parametrize("name", SPARE)
def test_a_sample_that_lost_its_end_is_told(name: str) -> None:
    data = sample(name)
    header = read_header_pair(data[:65536], name).header
    assert header
    spare = SPARE[name] * header.page_size
    assert looked_at(data[: len(data) - spare]) == ()
    (finding,) = looked_at(data[: len(data) - spare - 17 * header.page_size])
    assert (finding.code, finding.severity) == ("verify.cut-off", Severity.ERROR)
    assert finding.place.byte == len(data) - spare - 17 * header.page_size


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("dbs/ual-current-4k-dirty.mdb", Severity.WARNING),
        ("dbs/decompress-8k-clean.edb", Severity.ERROR),
    ],
)
def test_a_database_that_was_once_shortened_may_be_just_that_if_it_is_dirty(
    name: str, severity: Severity
) -> None:
    data = sample(name)
    header = read_header_pair(data[:65536], name).header
    assert header
    shorter = with_field(data, "ulShrinkCount", 1)[: -header.page_size]
    assert [each.severity for each in looked_at(shorter)] == [severity]


@pytest.mark.parametrize("pages", [0, 1, 2, 10])
def test_pages_that_hold_no_tree_say_nothing_about_the_length(pages: int) -> None:
    assert looked_at(database(pages=pages)) == ()


def test_the_check_of_a_database_looks_at_its_length() -> None:
    report = check_database(MemoryFile(sample("dbs/decompress-8k-clean.edb")[:-8192]), Recorder())
    assert [each.code for each in report.findings] == ["verify.cut-off"]


def test_the_length_of_a_temporary_database_says_nothing() -> None:
    data = with_field(sample("dbs/decompress-8k-clean.edb"), "dbstate", DatabaseState.JUST_CREATED)[:-8192]
    assert check_database(MemoryFile(data), Recorder()).findings == ()


def test_stock_beyond_the_end_of_a_file_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_length, "_last_taken", lambda pages: 1 << 31)
    assert looked_at(sample("dbs/decompress-8k-clean.edb")) == ()


ROOT_OF_RUNS = SpaceHeader(0, 1, unique=True, stock=0, owned_tree=2)


def taken(monkeypatch: pytest.MonkeyPatch, pages: dict[int, Page], header: SpaceHeader = ROOT_OF_RUNS) -> int:
    """Return what is read of a made tree, whose pages are given as they are parsed."""
    monkeypatch.setattr(file_length, "parse_page", lambda data, number: pages[number])
    monkeypatch.setattr(file_length, "read_space_header", lambda external: header)
    return file_length._last_taken(PageCache(MemoryFile(database(pages=9)), 4096, Recorder()))


def made_page(number: int, *nodes: Node, leaf: bool = False, readable: bool = True) -> Page:
    return Page(number, 0, 0, 1, LEAF if leaf else 0, nodes=list(nodes), readable=readable)


def run(last: int, flags: int = 0) -> Node:
    return Node(last.to_bytes(4, "big"), (4).to_bytes(4, "little"), flags)


def child(number: int) -> Node:
    return Node(b"", number.to_bytes(4, "little"), 0)


def test_the_last_run_is_found_at_the_right_edge_of_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = made_page(4, run(40), run(80), run(120, DELETED), leaf=True)
    tree = {1: made_page(1), 2: made_page(2, child(3), child(4)), 4: leaf}
    assert taken(monkeypatch, tree) == 80


def test_a_small_tree_has_one_run_behind_its_root(monkeypatch: pytest.MonkeyPatch) -> None:
    header = SpaceHeader(30, 1, unique=True, stock=0, owned_tree=0)
    assert taken(monkeypatch, {1: made_page(1)}, header) == 30


def test_a_tree_that_leads_in_circles_or_nowhere_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    root = made_page(1)
    assert taken(monkeypatch, {1: root, 2: made_page(2, child(2))}) == 0
    assert taken(monkeypatch, {1: root, 2: made_page(2, child(999))}) == 0
    assert taken(monkeypatch, {1: root, 2: made_page(2)}) == 0
    assert taken(monkeypatch, {1: root, 2: made_page(2, run(80), leaf=True, readable=False)}) == 0
