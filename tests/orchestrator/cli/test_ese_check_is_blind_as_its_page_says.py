"""What the page on checksums says that they cannot see."""

from __future__ import annotations

from pathlib import Path

from orchestrator.ese.page_layout import page_offset
from orchestrator.ese.sealing import seal_page
from tests.ese_samples import sample
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.cli.ese_files import PAGE_SIZE, clean_database, log, write_set


def verdict(quiesce: Quiesce, path: Path, *more: str) -> str:
    found: str = quiesce("ese", "check", str(path), *more, "--json").result["verdict"]
    return found


def test_an_older_page_of_the_same_number_passes(quiesce: Quiesce, tmp_path: Path) -> None:
    data, path = clean_database(), tmp_path / "DB01.edb"
    start = page_offset(7, PAGE_SIZE)
    older = data[start : start + PAGE_SIZE]
    older[100:300] = b"as it was yesterday!" * 10
    seal_page(older, 7)
    data[start : start + PAGE_SIZE] = older
    path.write_bytes(data)
    assert verdict(quiesce, path) == "clean"


def test_the_newest_log_of_a_moment_earlier_passes(quiesce: Quiesce, tmp_path: Path) -> None:
    path = write_set(tmp_path)
    _, before = log(0x1A)
    for generation in (0x1B, 0x1C):
        _, before = log(generation, before)
    (tmp_path / "E00.log").write_bytes(log(0x1D, before, filled=3)[0])
    assert verdict(quiesce, path) == "recoverable"


def test_a_zeroed_page_passes_unless_a_tree_points_to_it(quiesce: Quiesce, tmp_path: Path) -> None:
    data, path = bytearray(sample("srum-win10-clean/SRUDB.dat")), tmp_path / "SRUDB.dat"
    path.write_bytes(data)
    assert verdict(quiesce, path, "--logical") == "clean"
    start = page_offset(20, PAGE_SIZE)
    data[start : start + PAGE_SIZE] = bytes(PAGE_SIZE)
    path.write_bytes(data)
    assert verdict(quiesce, path) == "clean"
    assert verdict(quiesce, path, "--logical") == "damaged"
