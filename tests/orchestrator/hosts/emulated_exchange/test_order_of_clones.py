from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.hosts.emulated_exchange.ordering import (
    PAGE_BYTES,
    Region,
    Role,
    check_databases,
    check_order,
    divide,
    superblock,
)

SIZE = 64 * 1024


class Volume:
    """An array volume of one role, written by hand."""

    def __init__(self, path: Path, role: Role, *databases: str) -> None:
        self.path = path
        self.regions = {region.database: region for region in divide(SIZE, role, databases)}
        self._content = bytearray(superblock([*self.regions.values()]).ljust(SIZE, b"\0"))
        self.overwrite(0, b"")

    def write(self, database: str, *changes: int) -> None:
        for change in changes:
            for offset, data in self.regions[database].writes(change, 1e9):
                self._content[offset : offset + len(data)] = data
        self.overwrite(0, b"")

    def overwrite(self, offset: int, data: bytes) -> None:
        self._content[offset : offset + len(data)] = data
        self.path.write_bytes(self._content)


@pytest.fixture
def log(tmp_path: Path) -> Volume:
    return Volume(tmp_path / "log", Role.LOG, "DB01", "DB02")


@pytest.fixture
def database(tmp_path: Path) -> Volume:
    return Volume(tmp_path / "db", Role.DATABASE, "DB01", "DB02")


@pytest.mark.parametrize(("in_log", "in_database"), [(0, 0), (1, 0), (5, 5), (5, 4), (400, 399), (401, 401)])
def test_the_writers_order_is_valid(log: Volume, database: Volume, in_log: int, in_database: int) -> None:
    log.write("DB01", *range(1, in_log + 1))
    database.write("DB01", *range(1, in_database + 1))

    verdict = check_databases(log.path, database.path)["DB01"]

    assert verdict.valid, verdict.findings
    assert (verdict.newest_log, verdict.newest_database) == (in_log, in_database)


@pytest.mark.parametrize(("in_log", "in_database"), [(4, 5), (0, 1), (399, 404), (6, 4)])
def test_a_page_newer_than_the_log_or_a_log_far_ahead_is_torn(
    log: Volume, database: Volume, in_log: int, in_database: int
) -> None:
    log.write("DB01", *range(1, in_log + 1))
    database.write("DB01", *range(1, in_database + 1))
    assert not check_order(log.path, database.path).valid


def test_the_worst_of_several_databases_decides(log: Volume, database: Volume) -> None:
    for name, in_log, in_database in (("DB01", 9, 9), ("DB02", 3, 5)):
        log.write(name, *range(1, in_log + 1))
        database.write(name, *range(1, in_database + 1))

    verdict = check_order(log.path, database.path)

    assert (verdict.valid, verdict.newest_log, verdict.newest_database) == (False, 3, 5)
    assert "DB02" in verdict.findings[0]


@pytest.mark.parametrize("where", [0, 100, PAGE_BYTES - 1])
def test_a_page_that_was_half_written_is_found(log: Volume, database: Volume, where: int) -> None:
    log.write("DB01", *range(1, 6))
    database.write("DB01", *range(1, 6))
    database.overwrite(database.regions["DB01"].ring_offset + 3 * PAGE_BYTES + where, b"\xff")
    verdict = check_order(log.path, database.path)
    assert not verdict.valid
    assert "torn" in verdict.findings[0]


def test_a_write_that_was_lost_is_found(log: Volume, database: Volume) -> None:
    log.write("DB01", 1, 2, 4)
    database.write("DB01", *range(1, 5))
    assert not check_order(log.path, database.path).valid


def test_a_header_that_disagrees_with_the_pages_is_found(log: Volume, database: Volume) -> None:
    log.write("DB01", *range(1, 6))
    database.write("DB01", *range(1, 5))
    header = database.path.read_bytes()[PAGE_BYTES : 2 * PAGE_BYTES]
    database.write("DB01", 5)
    database.overwrite(PAGE_BYTES, header)
    assert not check_order(log.path, database.path).valid


def test_clones_of_two_logs_or_of_nothing_have_no_valid_order(log: Volume, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(bytes(SIZE))
    for other in (log.path, empty):
        assert not check_order(empty, other).valid
    log.write("DB01", 1, 2, 3)
    assert not check_order(log.path, log.path).valid


def test_the_regions_of_an_array_volume_neither_overlap_nor_leave_it() -> None:
    for role in Role:
        regions = divide(SIZE, role, ["DB01", "DB02", "DB03"])
        edges = [edge for region in regions for edge in (region.offset, region.offset + region.length)]
        assert edges == sorted(edges)
        assert edges[0] == PAGE_BYTES
        assert edges[-1] <= SIZE
        for region in regions:
            _stays_inside(region)


def _stays_inside(region: Region) -> None:
    for change in range(1, 3 * region.slots):
        for offset, data in region.writes(change, 0.0):
            assert region.offset <= offset
            assert offset + len(data) <= region.offset + region.length


def test_an_array_volume_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        divide(16 * 1024, Role.DATABASE, ["DB01", "DB02"])
