"""Thousands of damaged volumes, in few processes: every answer is ours, and the child lives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given

from orchestrator.errors import VerificationError
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw.metadata_child import MetadataChild
from orchestrator.verify.raw.ntfs_source import NtfsSource
from orchestrator.verify.raw.partitions import Partition, find_partitions
from orchestrator.verify.raw.records import unsealed
from orchestrator.verify.raw.signatures import NTFS
from orchestrator.verify.raw.volume_state import is_marked_dirty, needs_replay
from tests.fuzzing import damaged, fuzzed
from tests.orchestrator.verify.raw.lab_images import MIB, LabImage, contents

pytestmark = pytest.mark.many

CODES: Final = {"verify.file-system-unreadable", "verify.cannot-read", "verify.file-not-plain"}
# Boot sector, $MFT and the root folder lie in the first part of a volume of ours.
HEAD: Final = 96 << 10
FOLDERS: Final = 8
READ: Final = 64 << 10


def made() -> bytes:
    image = LabImage(1 * MIB + (512 << 10), records=64)
    image.volume.make_folder("DB01")
    image.volume.make_folder("DB01/Logs")
    for number in range(12):
        image.add(f"DB01/Logs/E00{number:05X}.log", b"log" * 1000)
    first = image.take(3, b"x")
    image.add_in_runs("DB01/DB01.edb", [(first, 2), (None, 3), (first + 2, 1)], 20_000, valid=15_000)
    return bytes(image.data)


VOLUME: Final = made()
# Records alone, so that wounds meet them often.
RECORDS: Final = slice(VOLUME.index(b"FILE", 16 << 10), VOLUME.index(b"FILE", 16 << 10) + (42 << 10))


class Bench:
    """One file, one reader and one child for all inputs."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(VOLUME)
        self._written = os.open(path, os.O_RDWR)
        self.reader = PositionalReader(path)
        self.child = MetadataChild(self.reader.fileno(), "image", answer_s=10, lives=1 << 40)
        self.visit = 0

    def load(self, data: bytes) -> None:
        self.visit += 1
        os.ftruncate(self._written, len(data))
        os.pwrite(self._written, data, 0)
        self.reader.size_bytes = len(data)

    def source(self) -> NtfsSource:
        whole = Partition(0, 0, self.reader.size_bytes, NTFS)
        return NtfsSource(self.reader, self.child, whole, visit=self.visit)

    def close(self) -> None:
        self.child.close()
        self.reader.close()
        os.close(self._written)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("broken") / "image")
    yield bench
    bench.close()


def answered(work: Callable[[], object]) -> None:
    """Do something that may only fail with an error of ours."""
    code = "verify.cannot-read"
    with suppress(VerificationError):
        try:
            work()
        except VerificationError as cause:
            code = cause.code
            raise
    assert code in CODES


def look_at_everything(bench: Bench) -> None:
    source = bench.source()
    folders = [""]
    for folder in folders[:FOLDERS]:
        answered(lambda: folders.extend(source.folders(folder)))  # noqa: B023 # called at once
        answered(lambda: look_at_files(source, folder))  # noqa: B023 - called at once


def look_at_files(source: NtfsSource, folder: str) -> None:
    for file in list(source.files(folder))[:4]:
        answered(lambda: look_at_file(source, file.path))  # noqa: B023 - called at once


def look_at_file(source: NtfsSource, path: str) -> None:
    opened = source.open(path)
    contents(opened, 0, min(opened.size_bytes, READ))
    contents(opened, opened.size_bytes // 2, READ)


def judge(bench: Bench, data: bytes) -> None:
    bench.load(data)
    before = bench.child._process
    answered(lambda: look_at_everything(bench))
    assert before is None or bench.child._process is before, "the child died"


@fuzzed
@given(head=damaged(VOLUME[:HEAD]))
def test_damaged_volumes_are_answered(bench: Bench, head: bytes) -> None:
    cut = len(head) < HEAD
    judge(bench, head + (b"" if cut else VOLUME[HEAD:]))


@fuzzed
@given(records=damaged(VOLUME[RECORDS]))
def test_damaged_records_are_answered(bench: Bench, records: bytes) -> None:
    judge(bench, VOLUME[: RECORDS.start] + records + VOLUME[RECORDS.start + len(records) :])


DISKS: Final = tuple(
    bytes(data[:4096] + data[-64 << 10 :])
    for data in (LabImage(gpt=True).data, LabImage(gpt=True, sector_bytes=4096).data)
)


@fuzzed
@given(disk=damaged(*DISKS))
def test_damaged_partition_tables_are_answered(bench: Bench, disk: bytes) -> None:
    bench.load(disk)
    layout = find_partitions(bench.reader)
    assert all(0 <= part.start <= part.start + part.length <= len(disk) for part in layout.partitions)


@fuzzed
@given(block=damaged(VOLUME[RECORDS][3072:4096], b"RSTR" + VOLUME[4:8192]))
def test_damaged_blocks_say_something(block: bytes) -> None:
    assert unsealed(block) is None or len(block) >= 512
    assert is_marked_dirty(block) in {True, False}
    assert needs_replay(block) in {True, False}
