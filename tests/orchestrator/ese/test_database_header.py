from __future__ import annotations

import pytest

from orchestrator.ese.database_header import START_SIZE, read_header_pair
from orchestrator.ese.database_layout import LAYOUT
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.reports import Copy, LogPosition
from orchestrator.ese.sealing import seal_header
from orchestrator.ese.versions import version_text, written_by
from orchestrator.model.verification import ContentFinding, Severity
from tests.ese_samples import sample
from tests.orchestrator.ese.page_building import flip, header

# name, page size, version, state, required, committed
REAL = [
    ("srum-win11-dirty/SRUDB.dat", 4096, "0x620,200,440", 2, (92, 92), 92),
    ("srum-win10-clean/SRUDB.dat", 4096, "0x620,110,240", 3, (0, 0), 0),
    ("dbs/qmgr-win11-16k-dirty.db", 16384, "0x620,200,440", 2, (1, 2), 2),
    ("dbs/decompress-8k-clean.edb", 8192, "0x620,20,0", 3, (0, 0), 0),
    ("dbs/ual-current-4k-dirty.mdb", 4096, "0x620,20,0", 2, (124, 124), 124),
    ("dbs/catalog1-4k-win81-clean.edb", 4096, "0x620,20,0", 3, (0, 0), 0),
    ("dbs/large-32k-clean.edb.gz", 32768, "0x620,20,0", 3, (0, 0), 0),
    ("dbs/srudb-4k-garbage-tail.dat.gz", 4096, "0x620,20,0", 3, (0, 0), 0),
    ("dbs/temp-8k-justcreated.edb", 8192, "0x620,20,0", 1, (0, 0), 0),
    ("synthetic-e2003/priv1.edb", 4096, "0x620,11,0", 2, (26, 28), 29),
]


@pytest.mark.parametrize(("name", "size", "version", "state", "required", "committed"), REAL)
def test_a_real_header_says_what_is_known_of_it(
    name: str, size: int, version: str, state: int, required: tuple[int, int], committed: int
) -> None:
    pair = read_header_pair(sample(name)[:START_SIZE], name)
    assert (pair.primary, pair.shadow, pair.findings) == (Copy.GOOD, Copy.GOOD, ())
    assert pair.header is not None
    assert pair.header.page_size == size
    assert version_text(pair.header.version, pair.header.update_major, pair.header.update_minor) == version
    assert (pair.header.state, pair.header.required, pair.header.committed) == (state, required, committed)


def test_the_fields_are_shown_by_the_names_of_the_engine() -> None:
    pair = read_header_pair(sample("srum-win11-dirty/SRUDB.dat")[:START_SIZE], "SRUDB.dat")
    assert pair.header is not None
    fields = dict(pair.header.fields)
    assert list(fields) == list(LAYOUT)
    assert fields["dbstate"] == "2 (DirtyShutdown)"
    assert fields["filetype"] == "1 (database)"
    assert fields["lgposAttach"] == "(5C,9,268)"
    assert fields["logtimeGenMaxCreate"] == "2022-07-03 02:10:42.308 UTC"
    assert fields["signLog"].startswith("0x25894C02, created 2022-03-05 ")
    assert fields["bkinfoFullPrev"] == "none"
    assert fields["logtimeDetach"] == "never"
    assert pair.header.attached == LogPosition(0x5C, 9, 0x268)
    assert pair.header.sign_log.random == 0x25894C02


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_the_page_size_is_found_whatever_the_size(size: int) -> None:
    first, second = header(size), header(size)
    assert _sizes(first + second) == (size, Copy.GOOD, Copy.GOOD)
    assert _sizes(flip(first, 100) + second) == (size, Copy.BAD, Copy.GOOD)
    assert _sizes(first + flip(second, 100)) == (size, Copy.GOOD, Copy.BAD)
    assert _sizes(first) == (size, Copy.GOOD, Copy.BAD)


def test_a_page_size_of_0_means_4096() -> None:
    assert _sizes(header(4096, cbPageSize=0) * 2) == (4096, Copy.GOOD, Copy.GOOD)


@pytest.mark.parametrize("bad", [1, 2])
def test_one_good_copy_is_enough_and_the_other_is_a_warning(bad: int) -> None:
    copies = [header(4096, dbstate=2), header(4096, dbstate=2)]
    copies[bad - 1] = flip(copies[bad - 1], 9999)
    pair = read_header_pair(bytes(copies[0] + copies[1]), "a.edb")
    assert pair.header is not None
    assert pair.header.state == 2
    (finding,) = pair.findings
    assert (finding.code, finding.severity, finding.ese_error) == (
        "ese.header-copy-bad",
        Severity.WARNING,
        -1018,
    )
    assert (finding.place.number, finding.place.byte) == (bad, (bad - 1) * 4096)


def test_of_two_good_copies_that_differ_the_first_counts() -> None:
    pair = read_header_pair(bytes(header(8192, dbstate=2) + header(8192, dbstate=3)), "a.edb")
    assert pair.header is not None
    assert (pair.header.state, pair.primary, pair.shadow) == (2, Copy.GOOD, Copy.DIFFERENT)
    assert _codes(pair.findings) == {"ese.header-copies-differ": Severity.WARNING}


def test_a_good_shadow_of_another_page_size_does_not_outweigh_a_good_header() -> None:
    start = bytearray(header(8192) + header(8192))
    start[2048:4096] = header(2048, dbstate=5)  # what was there before lies in the middle of the header
    seal_header(start_of := bytearray(start[:8192]))
    pair = read_header_pair(bytes(start_of + start[8192:]), "a.edb")
    assert pair.header is not None
    assert (pair.header.page_size, pair.header.state) == (8192, 3)


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (b"", "it is empty"),
        (bytes(65536), "its first 65,536 bytes are all zero"),
        (b"x" * 100, "it has only 100 bytes"),
        (b"x" * 65536, "no copy has a right checksum at any page size"),
        (bytes(header(4096, cbPageSize=8192)), "not for the page size that it names (8192)"),
    ],
)
def test_without_a_good_copy_nothing_is_believed(start: bytes, why: str) -> None:
    pair = read_header_pair(start, "a.edb")
    assert (pair.header, pair.primary, pair.shadow) == (None, Copy.BAD, Copy.BAD)
    (finding,) = pair.findings
    assert (finding.code, finding.severity, finding.ese_error) == ("ese.header-bad", Severity.ERROR, -1018)
    assert why in finding.text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("srum-win11-dirty/SRU.log", "log"),
        ("srum-win11-dirty/SRU.chk", "checkpoint"),
        ("srum-win11-dirty/SRUDB.jfm", "flush map"),
    ],
)
def test_another_file_of_the_engine_is_told_from_a_damaged_database(name: str, kind: str) -> None:
    pair = read_header_pair(sample(name)[:START_SIZE], name)
    assert pair.header is None
    assert _codes(pair.findings) == {"ese.not-a-database": Severity.ERROR}
    assert kind in pair.findings[0].text


def test_a_file_type_that_no_database_has_is_an_error() -> None:
    pair = read_header_pair(bytes(header(4096, filetype=10) * 2), "a.edb")
    assert _codes(pair.findings) == {"ese.not-a-database": Severity.ERROR}


@pytest.mark.parametrize("fields", [{"attrib": 1}, {"filetype": 2}, {"attrib": 1, "filetype": 2}])
def test_a_streaming_file_is_told_from_a_database(fields: dict[str, int]) -> None:
    pair = read_header_pair(bytes(header(4096, **fields) * 2), "a.stm")
    assert pair.header is not None
    assert pair.header.streaming
    assert pair.findings == ()


def test_an_unknown_version_is_only_a_warning() -> None:
    pair = read_header_pair(bytes(header(4096, ulVersion=0x700) * 2), "a.edb")
    assert pair.header is not None
    assert _codes(pair.findings) == {"ese.unknown-version": Severity.WARNING}


def test_a_revision_that_is_newer_than_all_known_ones_is_no_finding() -> None:
    assert read_header_pair(bytes(header(4096, ulDaeUpdateMajor=999) * 2), "a.edb").findings == ()


def test_an_old_engine_did_not_record_what_was_committed() -> None:
    made = bytes(header(4096, dbstate=2, lGenMinRequired=7, lGenMaxRequired=9) * 2)
    pair = read_header_pair(made, "a.edb")
    assert pair.header is not None
    assert (pair.header.required, pair.header.committed) == ((7, 9), 9)


@pytest.mark.parametrize(
    ("version", "update", "who"),
    [
        (0x620, 9, "Exchange 2000 and 2003"),
        (0x620, 11, "Exchange 2003 SP1"),
        (0x620, 12, "Exchange 2007"),
        (0x620, 17, "Exchange 2010"),
        (0x620, 20, "Exchange 2013 and 2016"),
        (0x620, 200, "Windows 11 21H2"),
        (0x620, 5000, "newer"),
        (0x500, 1, "older"),
        (0x623, 1, "beta"),
    ],
)
def test_people_are_told_who_wrote_a_format(version: int, update: int, who: str) -> None:
    assert who in written_by(version, update)


def _sizes(start: bytearray) -> tuple[int, Copy, Copy]:
    pair = read_header_pair(bytes(start), "a.edb")
    assert pair.header is not None
    return pair.header.page_size, pair.primary, pair.shadow


def _codes(findings: tuple[ContentFinding, ...]) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in findings}
