from __future__ import annotations

from typing import Final

import pytest

from orchestrator.ese.log_file import check_log
from orchestrator.ese.log_layout import RECORD
from orchestrator.ese.reports import BodyState, LogReport
from orchestrator.model.verification import Severity
from tests.orchestrator.ese.building import PAGE, SECTOR, Flush, codes, log7, seal_record

# Two flushes, then the last one, of 250 bytes in a sector of which 30 were there before.
HALF: Final = (Flush(), Flush(3, 100), Flush(1, 30, 250))
LAST: Final = PAGE + 4 * SECTOR  # where the last of them starts


def numbered(log: bytes | bytearray) -> LogReport:
    return check_log("E000001A.log", bytes(log))


def current(log: bytes | bytearray) -> LogReport:
    return check_log("E00.log", bytes(log))


def test_a_full_log_reaches_its_last_sector() -> None:
    report = numbered(log7(26))
    assert (report.body, report.segments, report.findings) == (BodyState.INTACT, 4, ())
    assert report.chain_checksum is None
    assert report.last_position == (26, 15, 0)


def test_a_log_may_fill_its_last_sector_as_well() -> None:
    assert numbered(log7(26, spare=0)).body is BodyState.INTACT


def test_a_log_that_has_a_number_cannot_end_early() -> None:
    log = log7(26, spare=2)
    report = numbered(log)
    assert report.body is BodyState.DAMAGED
    assert codes(report.findings) == ["log-ends-early"]
    assert current(log).body is BodyState.INTACT


def test_the_current_log_ends_where_its_last_flush_does() -> None:
    report = current(log7(26, HALF, spare=5, shadow=True))
    assert (report.body, report.segments, report.findings) == (BodyState.INTACT, 3, ())
    assert report.last_position == (26, LAST // SECTOR, 250)


def test_what_lies_behind_the_last_flush_does_not_matter() -> None:
    log = log7(26, HALF, spare=5)
    log[LAST + 300] ^= 0xFF
    log[-1] ^= 0xFF
    assert current(log).body is BodyState.INTACT


@pytest.mark.parametrize(
    "at",
    [
        PAGE,  # the first record itself
        PAGE + 100,  # what it covers
        PAGE + SECTOR + 50,  # before the second one, in its sector
        PAGE + SECTOR + 150,  # behind it, in its sector
        PAGE + 3 * SECTOR + 5,  # in its last sector
        LAST + 40,  # in the last record
        LAST + 200,
    ],
)
def test_no_byte_of_what_was_flushed_may_change(at: int) -> None:
    log = log7(26, HALF, spare=5)
    log[at] ^= 1
    report = current(log)
    assert report.body is BodyState.DAMAGED
    assert codes(report.findings) == ["log-record-bad"]
    assert report.findings[0].severity is Severity.ERROR
    assert report.findings[0].ese_error == -501


def test_the_torn_last_sector_is_taken_from_its_shadow() -> None:
    log = log7(26, HALF, spare=5, shadow=True)
    log[LAST + 100 : LAST + SECTOR] = bytes(SECTOR - 100)
    report = current(log)
    assert report.body is BodyState.PATCHABLE
    assert report.intact
    assert report.segments == 3
    assert report.last_position == (26, LAST // SECTOR, 250)
    assert codes(report.findings) == ["log-torn-end"]
    assert report.findings[0].severity is Severity.WARNING


@pytest.mark.parametrize("spare", [0, 1])
def test_without_a_whole_shadow_a_torn_sector_is_damage(spare: int) -> None:
    log = log7(26, HALF, spare=spare, shadow=spare > 0)
    log[LAST + 100] ^= 1
    if spare:
        log[LAST + SECTOR + 100] ^= 1
    assert current(log).body is BodyState.DAMAGED


def test_a_copy_that_is_not_marked_as_a_shadow_is_none() -> None:
    log = log7(26, HALF, spare=5)
    log[LAST + SECTOR : LAST + 2 * SECTOR] = log[LAST : LAST + SECTOR]
    log[LAST + 100] ^= 1
    assert current(log).body is BodyState.DAMAGED


@pytest.mark.parametrize(
    ("last", "following"),
    [(Flush(2), None), (Flush(), Flush())],
    ids=["of several sectors", "with one after it"],
)
def test_only_a_last_sector_has_a_shadow(last: Flush, following: Flush | None) -> None:
    log = log7(26, (Flush(), last), spare=6)
    start = PAGE + SECTOR
    seal_record(log, start + SECTOR, last, following, 26)
    at = start + SECTOR + 13
    log[at : at + 4] = (int.from_bytes(log[at : at + 4], "little") ^ 0x5AD05EC7).to_bytes(4, "little")
    log[start] ^= 1
    assert current(log).body is BodyState.DAMAGED


def test_records_of_an_earlier_life_of_the_file_do_not_fit() -> None:
    old, new = log7(25), log7(26)
    start = PAGE + SECTOR
    assert numbered(new[:start] + old[start:]).body is BodyState.DAMAGED


SEVERAL: Final = PAGE + SECTOR + 100  # the record of the flush of three sectors


@pytest.mark.parametrize(
    ("at", "field", "value"),
    [
        (PAGE, 0, 41),  # another type of record
        (PAGE, 1, 8),  # back over the start of its sector
        (PAGE, 2, 10_000_000),  # beyond the end of the file
        (PAGE, 2, SECTOR),  # several sectors, without a short checksum
        (PAGE, 3, 5),  # to a next one inside itself
        (PAGE, 3, 5 * SECTOR),  # over some sectors
        (PAGE, 5, 1),  # a short checksum that is not in use
        (PAGE, 6, 0x9A),  # in use, in a flush of a single sector
        (PAGE, 6, 0),
        (SEVERAL, 2, 3 * SECTOR - 123),  # not to the end of its last sector
        (SEVERAL, 5, 0),
        (SEVERAL, 6, 0xD1),
    ],
)
def test_the_numbers_of_a_record_must_fit_even_if_its_checksum_does(at: int, field: int, value: int) -> None:
    """Each change is made good in the checksums, so that only the rule itself can see it."""
    log = log7(26, HALF, spare=5)
    numbers = list(RECORD.unpack_from(log, at))
    numbers[field] = value
    numbers[4] = _right_sum(log, at, numbers)
    RECORD.pack_into(log, at, *numbers)
    assert current(log).body is BodyState.DAMAGED


def _right_sum(log: bytearray, at: int, numbers: list[int]) -> int:
    back, forward = numbers[1], numbers[2]
    whole = 0xFEEDBEAF ^ back ^ forward ^ numbers[3] ^ numbers[6] ^ 26
    for part in (log[at - back : at], log[at + 22 : at + 22 + forward]):
        for word in range(0, len(part), 4):
            whole ^= int.from_bytes(part[word : word + 4], "little")
    return whole


@pytest.mark.parametrize(
    "log",
    [
        log7(26, (Flush(), Flush(2, 495))),  # the record itself crosses the end of a sector
        log7(26, (Flush(), Flush(4)), spare=-2),  # it covers more than the file has
        log7(26, (Flush(1, 0, 300), Flush())),  # a next one, though its sector is not full
        log7(26, (Flush(), Flush(2, 0, 900)), spare=0),  # several sectors, the last not to its end
    ],
)
def test_a_record_covers_whole_sectors_of_its_file(log: bytearray) -> None:
    assert current(log).body is BodyState.DAMAGED


def test_no_flush_is_left_out_of_the_chain() -> None:
    log = log7(26, (Flush(), Flush(), Flush()))
    relink(log, PAGE, 2 * SECTOR - 22)
    report = numbered(log)
    assert report.body is BodyState.DAMAGED
    assert report.findings[0].place.byte == PAGE


def test_two_flushes_do_not_begin_in_one_sector() -> None:
    log = log7(26, (Flush(1, 0, 300),))
    relink(log, PAGE, 350 - 22)
    seal_record(log, PAGE, Flush(1, 350), None, 26)
    assert current(log).body is BodyState.DAMAGED


def test_a_chain_does_not_lead_out_of_the_file() -> None:
    log = log7(26, (Flush(), Flush()), spare=0)
    relink(log, PAGE + SECTOR, SECTOR - 22)
    assert numbered(log).body is BodyState.DAMAGED


def relink(log: bytearray, at: int, following: int) -> None:
    numbers = list(RECORD.unpack_from(log, at))
    numbers[3] = following
    numbers[4] = _right_sum(log, at, numbers)
    RECORD.pack_into(log, at, *numbers)
