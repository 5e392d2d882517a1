from __future__ import annotations

from functools import lru_cache

import pytest

from orchestrator.ese.checksum import block_checksum, header_checksum
from orchestrator.ese.kernel_classes import page_words
from orchestrator.ese.page_findings import FINDINGS_KEPT
from orchestrator.ese.page_judgement import is_trailer
from orchestrator.ese.page_layout import FORMAT_FLAG_BIT, PAGE_SIZES, page_offset
from orchestrator.ese.page_marks import MARKS_KEPT, joined_marks
from orchestrator.ese.pages import PageChecker, joined
from orchestrator.ese.reports import PageCounts, PagesReport
from orchestrator.ese.sealing import seal_header, seal_page
from orchestrator.model.verification import ContentFinding, Severity
from tests.ese_samples import sample
from tests.orchestrator.ese.page_building import LARGE, SMALL, flip, page

# name, page size, what is counted
REAL = [
    ("srum-win11-dirty/SRUDB.dat", 4096, PageCounts(data=606, new=482, blank=124)),
    ("srum-win10-clean/SRUDB.dat", 4096, PageCounts(data=446, new=325, blank=121)),
    ("dbs/qmgr-win11-16k-dirty.db", 16384, PageCounts(data=78, new=31, blank=47)),
    ("dbs/decompress-8k-clean.edb", 8192, PageCounts(data=254, new=27, blank=227)),
    ("dbs/ual-current-4k-dirty.mdb", 4096, PageCounts(data=254, new=53, blank=201)),
    ("dbs/catalog1-4k-win81-clean.edb", 4096, PageCounts(data=768, new=209, blank=559)),
    ("dbs/large-32k-clean.edb.gz", 32768, PageCounts(data=766, new=381, blank=385)),
    ("dbs/srudb-4k-garbage-tail.dat.gz", 4096, PageCounts(data=158, new=79, blank=63, bad=16)),
    ("dbs/temp-8k-justcreated.edb", 8192, PageCounts(data=256, blank=22, bad=234)),
    ("synthetic-e2003/priv1.edb", 4096, PageCounts(data=254, new=10, old=43, blank=201)),
]


@lru_cache
def real_pages(name: str, size: int) -> bytes:
    return sample(name)[2 * size :]


def checked(data: bytes | bytearray, size: int, first_page: int = 1) -> PagesReport:
    return PageChecker(size, "a.edb").check(memoryview(data), first_page)


def only(report: PagesReport) -> ContentFinding:
    (finding,) = report.findings
    return finding


@pytest.mark.parametrize(("name", "size", "counts"), REAL)
def test_the_pages_of_a_real_database_are_as_they_are_known_to_be(
    name: str, size: int, counts: PageCounts
) -> None:
    assert checked(real_pages(name, size), size).counts == counts


def test_the_highest_dbtime_of_a_real_database_is_found() -> None:
    report = checked(real_pages("srum-win11-dirty/SRUDB.dat", 4096), 4096)
    assert (report.highest_dbtime, report.highest_dbtime_page) == (43851, 306)


def test_foreign_bytes_at_the_end_of_a_real_database_are_found() -> None:
    report = checked(real_pages("dbs/srudb-4k-garbage-tail.dat.gz", 4096), 4096)
    assert report.marks == ((143, 158, "bad"),)
    assert {finding.place.number for finding in report.findings} == set(range(143, 159))
    assert {(finding.code, finding.ese_error) for finding in report.findings} == {("ese.page-bad", -1018)}


def test_a_temporary_database_is_not_held_against_anyone() -> None:
    data = real_pages("dbs/temp-8k-justcreated.edb", 8192)
    report = PageChecker(8192, "temp.edb", checksums=False).check(memoryview(data), 1)
    assert report == PagesReport(PageCounts(data=256, blank=22, unchecked=234))


@pytest.mark.parametrize(
    ("name", "size"),
    [("srum-win11-dirty/SRUDB.dat", 4096), ("dbs/qmgr-win11-16k-dirty.db", 16384)],
)
def test_every_kind_of_damage_to_a_real_page_is_answered_as_it_is_known_to_be(name: str, size: int) -> None:
    data = bytearray(real_pages(name, size)[: 4 * size])
    second, third = bytes(data[size : 2 * size]), bytes(data[2 * size : 3 * size])
    second_at = size * 8
    assert checked(flip(data, second_at + 5000), size).counts.correctable == 1
    assert checked(flip(data, second_at + FORMAT_FLAG_BIT), size).counts.bad == 1
    assert checked(flip(data, second_at + 63), size).counts.bad == 1
    assert checked(flip(data, second_at + 5000, second_at + 5001), size).counts.bad == 1
    swapped = data[:size] + third + second + data[3 * size :]
    texts = [finding.text for finding in checked(bytes(swapped), size).findings]
    assert [text.split(",")[0] for text in texts] == [
        "By its checksum this is page 3",
        "By its checksum this is page 2",
    ]
    data[size : 2 * size] = bytes(size)
    assert checked(bytes(data), size).counts == PageCounts(data=4, new=3, blank=1)


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_good_pages_of_either_form_and_blank_ones_are_counted(size: int) -> None:
    data = page(size, 9) + bytes(size) + page(size, 11, ecc=False) + page(size, 12)
    old = size in SMALL
    counts = PageCounts(data=4, new=2 if old else 3, old=1 if old else 0, blank=1)
    assert checked(bytes(data), size, 9) == PagesReport(counts, 1000, 9)


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_the_format_belongs_to_the_page_and_not_to_the_database(size: int) -> None:
    pages = [page(size, number, ecc=number % 5 == 0) for number in range(1, 200)]
    counts = checked(b"".join(pages), size).counts
    assert counts.new + counts.old == counts.data == 199
    assert counts.old == (160 if size in SMALL else 0)


@pytest.mark.parametrize("size", PAGE_SIZES)
@pytest.mark.parametrize("bit", [64, 300, 302, 511, 512, 543, 5000, 16383])
def test_a_flipped_bit_is_named(size: int, bit: int) -> None:
    data = page(size, 9) + flip(page(size, 10), bit)
    report = checked(bytes(data), size, 9)
    assert report.counts == PageCounts(data=2, new=1, correctable=1)
    assert report.marks == ((10, 10, "correctable"),)
    finding = only(report)
    assert (finding.code, finding.severity) == ("ese.page-correctable", Severity.WARNING)
    assert finding.text.startswith(f"Bit {bit} ")
    assert (finding.place.number, finding.place.byte) == (10, page_offset(10, size) + bit // 8)


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_the_format_flag_is_never_corrected(size: int) -> None:
    made = flip(page(size, 9), FORMAT_FLAG_BIT)
    _seal_first_block(made, 9)
    assert checked(flip(made, FORMAT_FLAG_BIT), size, 9).counts.bad == 1


@pytest.mark.parametrize("size", LARGE)
def test_only_the_first_block_has_a_format_flag(size: int) -> None:
    bit = size * 2 + FORMAT_FLAG_BIT
    assert only(checked(flip(page(size, 9), bit), size, 9)).text.startswith(f"Bit {bit} ")


@pytest.mark.parametrize("size", LARGE)
def test_flipped_bits_of_different_blocks_are_all_named(size: int) -> None:
    block = size * 2  # bits
    in_the_sum_of_block_3 = 48 * 8 + 7
    bits = (in_the_sum_of_block_3, block + 1, 2 * block + 2, 4 * block - 1)
    finding = only(checked(bytes(flip(page(size, 1), *bits)), size))
    assert finding.code == "ese.page-correctable"
    assert finding.text.startswith(f"Bits {bits[0]}, {bits[1]}, {bits[2]} and {bits[3]} ")


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("byte", [40, 47, 48, 55, 56, 63])
def test_a_flipped_bit_in_the_sum_of_a_block_is_found_in_the_first_block_alone(size: int, byte: int) -> None:
    finding = only(checked(bytes(flip(page(size, 1), byte * 8 + 3)), size))
    assert finding.text == f"Bit {byte * 8 + 3} of the page is wrong, and nothing else."


@pytest.mark.parametrize("size", LARGE)
def test_bad_blocks_of_a_large_page_are_named(size: int) -> None:
    block = size * 2
    one = only(checked(bytes(flip(page(size, 1), 3 * block, 3 * block + 1)), size))
    assert one.text.startswith("The checksum of block 4 of 4 is wrong")
    several = only(checked(bytes(flip(page(size, 1), 99, 100, block, block + 1, 2 * block)), size))
    assert several.text.startswith("The checksums of blocks 1 and 2 of 4 are wrong")
    assert several.severity is Severity.ERROR


@pytest.mark.parametrize("size", LARGE)
def test_a_large_page_without_the_format_flag_is_bad(size: int) -> None:
    made = page(size, 1)
    made[37] &= ~0x20
    _seal_first_block(made, 1)
    assert "does not say" in only(checked(bytes(made), size)).text
    assert "does not say" in only(checked(bytes(flip(made, size * 8 - 1)), size)).text


@pytest.mark.parametrize("size", LARGE)
def test_a_large_page_that_calls_itself_by_another_number_is_misplaced(size: int) -> None:
    made = page(size, 7)
    made[64:68] = (8).to_bytes(4, "little")
    _seal_first_block(made, 7)
    for data in (made, flip(made, size * 8 - 1)):
        finding = only(checked(bytes(data), size, 7))
        assert (finding.code, finding.ese_error) == ("ese.page-misplaced", -1118)
        assert "page 8" in finding.text


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_a_whole_page_at_a_wrong_place_is_recognised(size: int) -> None:
    finding = only(checked(bytes(page(size, 1000)), size, 5))
    assert (finding.code, finding.severity, finding.ese_error) == (
        "ese.page-misplaced",
        Severity.ERROR,
        -1018,
    )
    assert finding.text == "By its checksum this is page 1000, and it lies where page 5 belongs."


@pytest.mark.parametrize("size", SMALL)
def test_an_old_page_at_a_wrong_place_is_recognised_by_its_number(size: int) -> None:
    finding = only(checked(bytes(page(size, 1000, ecc=False)), size, 5))
    assert (finding.code, finding.ese_error) == ("ese.page-misplaced", -1118)
    assert finding.text == "It calls itself page 1000, and lies where page 5 belongs."


def test_a_wrong_bit_in_a_checksum_is_not_taken_for_a_misplaced_page_for_certain() -> None:
    assert only(checked(bytes(flip(page(4096, 5), 3)), 4096, 5)).text.endswith(
        "or one bit of the stored checksum is wrong."
    )
    assert only(checked(bytes(flip(page(4096, 5), 31)), 4096, 5)).code == "ese.page-bad"  # no such page
    assert only(checked(bytes(flip(page(4096, 5), 0, 2)), 4096, 5)).code == "ese.page-bad"  # that were page 0


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_a_page_is_blank_only_if_all_of_it_is(size: int) -> None:
    data = bytearray(size)
    assert checked(bytes(data), size).counts.blank == 1
    assert checked(bytes(flip(data, size * 8 - 1)), size).counts.bad == 1
    cleared = bytes(512) + bytes(page(size, 1)[512:])
    assert only(checked(cleared, size)).text.endswith("its first 512 bytes are zero.")


@pytest.mark.parametrize("dbtime", [-1, -2, -3, -4])
def test_marks_in_place_of_a_dbtime_are_not_the_highest(dbtime: int) -> None:
    data = page(4096, 1, dbtime=dbtime) + page(4096, 2, dbtime=500) + page(4096, 3, dbtime=500)
    report = checked(bytes(data), 4096)
    assert report == PagesReport(PageCounts(data=3, new=3), 500, 2)
    assert checked(bytes(page(4096, 1, dbtime=dbtime)), 4096) == PagesReport(PageCounts(data=1, new=1))


def test_the_dbtime_of_a_bad_page_counts_for_nothing() -> None:
    data = page(4096, 1) + flip(page(4096, 2, dbtime=9999), 70 * 8, 71 * 8)
    assert checked(bytes(data), 4096).highest_dbtime == 1000


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_the_trailer_of_a_streaming_backup_is_told_from_a_page(size: int) -> None:
    made = bytearray(page(size, 1))
    for at in (4, 8, 12, 24):
        made[at : at + 4] = bytes(4)
    seal_header(made)
    assert is_trailer(bytes(made))
    assert not is_trailer(bytes(flip(made, 4000)))
    for at in (4, 8, 12, 24):
        other = flip(made, at * 8)
        other[:4] = header_checksum(other).to_bytes(4, "little")
        assert not is_trailer(bytes(other))
    assert not is_trailer(bytes(size))


def test_at_most_so_many_findings_are_kept_and_errors_rather_than_warnings() -> None:
    pages = [flip(page(2048, number), 5000) for number in range(1, 151)]
    pages += [flip(page(2048, number), 5000, 5001) for number in range(151, 171)]
    report = checked(b"".join(pages), 2048)
    assert report.counts == PageCounts(data=170, correctable=150, bad=20)
    assert (len(report.findings), report.findings_left_out) == (FINDINGS_KEPT, 70)
    assert [finding.place.number for finding in report.findings] == [*range(1, 81), *range(151, 171)]
    assert report.marks == ((1, 150, "correctable"), (151, 170, "bad"))


def test_reports_of_parts_add_up_to_that_of_the_whole() -> None:
    pages = []
    for number in range(1, 400):
        made = page(2048, number, dbtime=number % 97)
        pages.append(flip(made, 5000 + number % 2) if number % 3 else made)
    data = b"".join(pages)
    parts = [checked(data[at * 2048 : (at + 50) * 2048], 2048, at + 1) for at in range(0, 399, 50)]
    assert joined(parts) == checked(data, 2048)
    assert joined(()) == PagesReport()


def test_so_many_marks_are_kept_and_no_damaged_page_is_left_out() -> None:
    marks = joined_marks(
        (at, at, "bad" if at % 4 else "correctable") for at in range(0, 4 * MARKS_KEPT + 1, 2)
    )
    assert len(marks) == MARKS_KEPT
    assert marks[0] == (0, 0, "correctable")
    assert marks[-1] == (2 * MARKS_KEPT - 2, 4 * MARKS_KEPT, "bad")


def test_only_neighbours_of_the_same_kind_are_one_mark() -> None:
    marks = ((1, 2, "bad"), (3, 3, "bad"), (5, 5, "bad"), (6, 7, "correctable"), (8, 8, "bad"))
    assert joined_marks(marks) == ((1, 3, "bad"), *marks[2:])


def test_what_is_behind_the_last_whole_page_is_not_looked_at() -> None:
    assert checked(bytes(page(4096, 1)) + b"x" * 4095, 4096).counts == PageCounts(data=1, new=1)
    assert checked(b"x" * 4095, 4096) == checked(b"", 4096) == PagesReport()


def test_a_buffer_at_an_odd_address_and_one_that_may_be_written_are_taken_as_well() -> None:
    data = memoryview(bytearray(b"x") + page(4096, 1) + page(4096, 2))
    assert checked(bytes(data[1:]), 4096) == PageChecker(4096, "a.edb").check(data[1:], 1)
    words = page_words(data[1:], 4096)
    assert words.flags.aligned
    assert not words.flags.writeable  # and numba sees one kind of array only, which it compiles for


@pytest.mark.parametrize("size", [0, -4096, 1024, 4095, 65536])
def test_no_checker_is_made_for_a_page_size_that_no_engine_has(size: int) -> None:
    with pytest.raises(ValueError, match="no engine has pages of"):
        PageChecker(size, "a.edb")


def _seal_first_block(made: bytearray, number: int) -> None:
    """Write the checksum of the first block alone, whatever the format flag says."""
    size = len(made) // 4 if len(made) in LARGE else len(made)
    made[:8] = block_checksum(made[:size], number).to_bytes(8, "little")


def test_sealing_is_what_makes_a_page_good() -> None:
    made = bytearray(4096)
    made[100] = 1
    assert checked(bytes(made), 4096).counts.bad == 1
    seal_page(made, 1)
    assert checked(bytes(made), 4096).counts.new == 1
