from __future__ import annotations

import pytest

from orchestrator.ese.checkpoint import COPY_SIZE, read_checkpoint
from orchestrator.ese.reports import Copy
from orchestrator.model.verification import Severity
from tests.ese_samples import sample
from tests.orchestrator.ese.building import STREAM, checkpoint_file, codes


def test_both_copies_of_a_checkpoint_are_read() -> None:
    report = read_checkpoint("E00.chk", bytes(checkpoint_file(26)))
    assert (report.primary, report.shadow, report.findings) == (Copy.GOOD, Copy.GOOD, ())
    assert report.position == (26, 1, 0)
    assert report.sign_log.raw == STREAM
    assert ("lgposCheckpoint", "(1A,1,0)") in report.fields


@pytest.mark.parametrize(("at", "bad"), [(20, "primary"), (COPY_SIZE + 20, "shadow")])
def test_one_good_copy_is_enough(at: int, bad: str) -> None:
    data = checkpoint_file(26)
    data[at] ^= 1
    report = read_checkpoint("E00.chk", bytes(data))
    assert getattr(report, bad) is Copy.BAD
    assert report.position == (26, 1, 0)
    assert codes(report.findings) == ["checkpoint-bad"]
    assert report.findings[0].severity is Severity.WARNING


def test_a_copy_that_is_cut_off_is_not_good_though_only_zeros_are_missing() -> None:
    report = read_checkpoint("E00.chk", bytes(checkpoint_file(26)[: COPY_SIZE + 3000]))
    assert (report.primary, report.shadow) == (Copy.GOOD, Copy.BAD)


def test_the_first_of_two_good_copies_counts() -> None:
    data = bytes(checkpoint_file(26)[:COPY_SIZE] + checkpoint_file(25)[:COPY_SIZE])
    report = read_checkpoint("E00.chk", data)
    assert (report.primary, report.shadow, report.position) == (Copy.GOOD, Copy.DIFFERENT, (26, 1, 0))


@pytest.mark.parametrize("data", [b"", bytes(8192), b"\1" * 4095, bytes(4096) + b"\2" * 4096])
def test_without_a_good_copy_nothing_is_known(data: bytes) -> None:
    report = read_checkpoint("E00.chk", data)
    assert report.position is None
    assert (report.primary, report.shadow) == (Copy.BAD, Copy.BAD)
    assert codes(report.findings) == ["checkpoint-bad"]
    assert report.findings[0].ese_error == -533


@pytest.mark.parametrize(("file_type", "expected"), [(0, []), (4, []), (1, ["not-a-checkpoint"])])
def test_another_file_is_no_checkpoint(file_type: int, expected: list[str]) -> None:
    report = read_checkpoint("E00.chk", bytes(checkpoint_file(26, filetype=file_type)))
    assert codes(report.findings) == expected
    assert all(each.severity is Severity.WARNING for each in report.findings)


@pytest.mark.parametrize(
    ("name", "position", "random"),
    [
        ("dbs/ntds-edb.chk", (3, 755, 0), 0x2CFE1E95),
        ("srum-win11-dirty/SRU.chk", (92, 8, 0), 0x25894C02),
        ("synthetic-e2003/E00.chk", (26, 8, 0), 0x5EED2003),
    ],
)
def test_real_checkpoints_are_read(name: str, position: tuple[int, int, int], random: int) -> None:
    report = read_checkpoint(name, sample(name))
    assert (report.primary, report.shadow, report.findings) == (Copy.GOOD, Copy.GOOD, ())
    assert report.position == position
    assert report.sign_log.random == random
