from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.flush_map import MAP_PAGE_NUMBER, PAGE_SIZE, check_flush_map
from orchestrator.ese.reports import DatabaseHeader, Signature
from orchestrator.ese.sealing import seal_segment
from orchestrator.model.verification import Severity
from tests.ese_samples import sample
from tests.orchestrator.ese.building import codes, database_start, flush_map_file, put, signature


def header(**more: Any) -> DatabaseHeader:
    found = read_header_pair(database_start(), "DB.edb").header
    assert found is not None
    return replace(found, **more)


OF_THE_MAP: Final = Signature(signature(7))


def test_a_whole_map_of_its_database_has_nothing_against_it() -> None:
    report = check_flush_map("DB.jfm", bytes(flush_map_file()), header(sign_flush_map=OF_THE_MAP))
    assert (report.clean, report.pages, report.findings) == (True, 2, ())
    assert not check_flush_map("DB.jfm", bytes(flush_map_file(ulFlags=0)), None).clean


@pytest.mark.parametrize(
    ("fields", "database", "expected"),
    [
        ({}, {"sign_flush_map": Signature(signature(8))}, ["flush-map-foreign"]),
        ({}, {"sign_db_flush": OF_THE_MAP}, ["flush-map-foreign"]),
        ({"signDbHdrFlush": signature(9)}, {"sign_db_flush": Signature(signature(9))}, []),
        ({"signFlushMapHdrFlush": bytes(28)}, {}, ["flush-map-foreign"]),  # nothing recorded proves nothing
    ],
)
def test_one_of_two_signatures_must_match(
    fields: dict[str, Any], database: dict[str, Signature], expected: list[str]
) -> None:
    report = check_flush_map("DB.jfm", bytes(flush_map_file(**fields)), header(**database))
    assert codes(report.findings) == expected


def test_without_a_database_nothing_is_compared() -> None:
    assert check_flush_map("DB.jfm", bytes(flush_map_file()), None).findings == ()


@pytest.mark.parametrize("data", [b"", bytes(PAGE_SIZE), b"\1" * PAGE_SIZE, bytes(flush_map_file(0)[:3000])])
def test_a_map_without_a_header_is_a_warning(data: bytes) -> None:
    report = check_flush_map("DB.jfm", data, None)
    assert codes(report.findings) == ["flush-map-bad"]
    assert report.findings[0].severity is Severity.WARNING


def test_another_file_is_no_map() -> None:
    report = check_flush_map("DB.jfm", bytes(flush_map_file(filetype=1)), None)
    assert codes(report.findings) == ["flush-map-bad"]


def test_bad_pages_are_named_and_not_without_end() -> None:
    data = flush_map_file(40)
    for number in range(1, 31):
        data[number * PAGE_SIZE + 100] ^= 1
    report = check_flush_map("DB.jfm", bytes(data), None)
    assert len(report.findings) == 17
    assert (report.findings[0].place.unit, report.findings[0].place.number) == ("page", 1)
    assert all(each.severity is Severity.WARNING for each in report.findings)


def test_a_page_in_the_place_of_another_is_bad_and_a_blank_one_is_not() -> None:
    data = flush_map_file(4)
    data[2 * PAGE_SIZE : 3 * PAGE_SIZE] = bytes(PAGE_SIZE)
    data[3 * PAGE_SIZE : 4 * PAGE_SIZE] = data[4 * PAGE_SIZE :]
    resealed = data[PAGE_SIZE : 2 * PAGE_SIZE]
    put(resealed, MAP_PAGE_NUMBER, 7)
    seal_segment(resealed, 0)
    data[PAGE_SIZE : 2 * PAGE_SIZE] = resealed
    report = check_flush_map("DB.jfm", bytes(data), None)
    assert [each.place.number for each in report.findings] == [1, 3]


@pytest.mark.parametrize(("name", "clean"), [("srum-win11-dirty", False), ("srum-win10-clean", True)])
def test_real_maps_belong_to_their_databases(name: str, clean: bool) -> None:
    start = sample(f"{name}/SRUDB.dat")[:65536]
    report = check_flush_map(
        "SRUDB.jfm", sample(f"{name}/SRUDB.jfm"), read_header_pair(start, "SRUDB.dat").header
    )
    assert (report.clean, report.pages, report.findings) == (clean, 1, ())
