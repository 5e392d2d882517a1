from __future__ import annotations

import pytest

from orchestrator.ese.log_file import check_log
from orchestrator.ese.reports import BodyState, LogPosition, LogReport
from orchestrator.ese.sealing import seal_segment
from orchestrator.model.verification import Severity
from tests.orchestrator.ese.building import PAGE, chain_of, codes, log8, segment


def checked(log: bytes | bytearray) -> LogReport:
    return check_log("E000001A.log", bytes(log))


def with_segment(log: bytearray, index: int, data: bytes | bytearray) -> bytearray:
    found = bytearray(log)
    found[index * PAGE : (index + 1) * PAGE] = data
    return found


def position(generation: int, index: int) -> LogPosition:
    return LogPosition(generation, index)


def test_a_full_log_leaves_its_last_segment_free() -> None:
    log = log8(26)
    report = checked(log)
    assert report.body is BodyState.INTACT
    assert report.intact
    assert (report.segments, report.chain_checksum) == (4, chain_of(log, 4))
    assert report.last_position == (26, 5, 0)


def test_a_log_that_was_just_begun_holds_nothing() -> None:
    report = checked(log8(26, good=0))
    assert (report.body, report.segments, report.chain_checksum) == (BodyState.INTACT, 0, 0)


def test_the_last_segment_may_hold_a_shadow() -> None:
    log = log8(26, good=4)
    assert log[5 * PAGE :] == log[4 * PAGE : 5 * PAGE]
    assert (checked(log).body, checked(log).segments) == (BodyState.INTACT, 4)


def test_a_shadow_counts_as_empty() -> None:
    report = checked(log8(26, good=2))
    assert (report.body, report.segments, report.findings) == (BodyState.INTACT, 2, ())


@pytest.mark.parametrize(
    ("index", "data"),
    [
        (4, segment(4, position(25, 4))),  # the same place in an earlier life
        (4, segment(3, position(20, 3))),  # the shadow of an earlier life
        (4, bytes(PAGE)),
    ],
)
def test_what_an_earlier_life_of_the_file_left_behind_counts_as_empty(index: int, data: bytes) -> None:
    report = checked(with_segment(log8(26, good=3, sectors=6)[: 4 * PAGE] + bytes(2 * PAGE), index, data))
    assert (report.body, report.segments, report.findings) == (BodyState.INTACT, 3, ())


@pytest.mark.parametrize("index", [1, 2, 4, 5])
def test_a_segment_without_a_right_checksum_is_damage(index: int) -> None:
    log = log8(26)
    log[index * PAGE + 100] ^= 0x11
    if index == 5:
        log[index * PAGE + 500] = 1
    report = checked(log)
    assert report.body is BodyState.DAMAGED
    assert not report.intact
    assert report.chain_checksum is None
    assert codes(report.findings) == ["log-segment-bad"]
    assert report.findings[0].severity is Severity.ERROR
    assert report.findings[0].place.number == index
    assert report.findings[0].ese_error == -501


def test_damaged_neighbours_are_named_together_and_not_without_end() -> None:
    log = log8(26, sectors=100)
    for index in (1, 2, 3, *range(5, 99, 2)):
        log[index * PAGE + 100] ^= 0x11
    report = checked(log)
    assert "Segments 1 to 3 " in report.findings[0].text
    assert len(report.findings) == 17
    assert " 32 more " in report.findings[-1].text


def test_the_torn_last_segment_is_taken_from_its_shadow() -> None:
    whole = log8(26, good=3)
    torn = bytearray(whole)
    torn[3 * PAGE + 600 : 4 * PAGE] = bytes(PAGE - 600)
    report = checked(torn)
    assert report.body is BodyState.PATCHABLE
    assert report.intact
    assert (report.segments, report.chain_checksum) == (3, chain_of(whole, 3))
    assert codes(report.findings) == ["log-torn-end"]
    assert report.findings[0].severity is Severity.WARNING


@pytest.mark.parametrize(
    "shadow",
    [segment(3, position(25, 3)), segment(3, position(26, 2)), segment(4, position(26, 3))],
    ids=["of an earlier life", "of another place", "written for this place"],
)
def test_a_foreign_shadow_mends_nothing(shadow: bytes) -> None:
    log = with_segment(log8(26, good=3), 4, shadow)
    log[3 * PAGE + 600 : 4 * PAGE] = b"\1" * (PAGE - 600)
    assert checked(log).body is BodyState.DAMAGED


def test_damage_behind_the_end_of_a_log_is_not_mended_by_a_shadow() -> None:
    log = with_segment(log8(26, good=1), 3, b"\1" * PAGE)
    log = with_segment(log, 4, segment(3, position(26, 3)))
    assert checked(log).body is BodyState.DAMAGED


def test_only_the_first_damage_may_be_a_torn_end() -> None:
    log = with_segment(log8(26, good=3), 3, b"\1" * PAGE)
    log[1 * PAGE + 100] ^= 0x11
    report = checked(log)
    assert codes(report.findings) == ["log-segment-bad"] * 2


@pytest.mark.parametrize(
    ("index", "data"),
    [
        (4, segment(4, position(26, 4))),  # good, behind the first empty one
        (4, segment(4, position(27, 4))),  # of a later log
        (4, segment(4, position(26, 5))),  # of a later place
        (4, segment(3, position(27, 3))),  # the shadow of a later log
        (3, segment(2, position(27, 2))),  # and that right behind the last good one
        (5, segment(5, position(26, 5))),  # in the place kept for a shadow
    ],
)
def test_a_whole_segment_in_an_impossible_place_is_damage(index: int, data: bytes) -> None:
    good = 4 if index == 5 else 2
    log = log8(26, good=good)[: (good + 1) * PAGE] + bytes((5 - good) * PAGE)
    report = checked(with_segment(log, index, data))
    assert report.body is BodyState.DAMAGED
    assert codes(report.findings) == ["log-segment-misplaced"]
    assert report.findings[0].place.number == index


def test_empty_segments_are_of_older_and_older_lives() -> None:
    log = log8(26, good=1)[: 2 * PAGE] + bytes(4 * PAGE)
    older_first = with_segment(with_segment(log, 3, segment(3, position(20, 3))), 4, bytes(PAGE))
    assert checked(older_first).body is BodyState.DAMAGED  # 2 is blank, 3 is not
    in_order = with_segment(with_segment(log, 2, segment(2, position(20, 2))), 3, segment(3, position(9, 3)))
    assert checked(in_order).body is BodyState.INTACT


def test_nothing_before_the_first_segment_has_a_shadow() -> None:
    log = with_segment(log8(26, good=0), 1, segment(0, position(20, 0)))
    assert checked(log).body is BodyState.DAMAGED


@pytest.mark.parametrize("bit", [64, 65, 127, 300, 302, 5000, PAGE * 8 - 1])
def test_a_single_wrong_bit_is_found_and_named(bit: int) -> None:
    log = log8(26)
    whole = chain_of(log, 4)
    log[2 * PAGE + bit // 8] ^= 1 << bit % 8
    report = checked(log)
    assert report.body is BodyState.CORRECTABLE
    assert report.intact
    assert report.chain_checksum == whole
    assert codes(report.findings) == ["log-wrong-bit"]
    assert f"Bit {bit} of segment 2 " in report.findings[0].text
    assert report.findings[0].severity is Severity.ERROR


def test_the_bit_that_tells_the_format_is_not_mended() -> None:
    log = log8(26)
    log[2 * PAGE + 301 // 8] ^= 1 << 301 % 8
    assert checked(log).body is BodyState.DAMAGED


def test_a_wrong_bit_in_a_shadow_is_named_too() -> None:
    log = log8(26, good=2)
    log[3 * PAGE + 200] ^= 4
    report = checked(log)
    assert (report.body, report.segments) == (BodyState.CORRECTABLE, 2)


def test_a_segment_is_sealed_for_its_place() -> None:
    log = log8(26)
    moved = with_segment(log, 2, log[3 * PAGE : 4 * PAGE])
    assert checked(moved).body is BodyState.DAMAGED
    block = bytearray(log[3 * PAGE : 4 * PAGE])
    seal_segment(block, 2)  # its position still says 3
    assert codes(checked(with_segment(log, 2, block)).findings) == ["log-segment-misplaced"]


def test_findings_of_a_log_are_not_without_end() -> None:
    flipped, doubled = log8(26, sectors=100), log8(26, sectors=100)
    for index in range(1, 99):
        flipped[index * PAGE + 99] ^= 1
        doubled[index * PAGE : (index + 1) * PAGE] = segment(index, position(27, index))
    assert codes(checked(flipped).findings) == ["log-wrong-bit"] * 16
    assert codes(checked(doubled).findings) == ["log-segment-misplaced"] * 16
