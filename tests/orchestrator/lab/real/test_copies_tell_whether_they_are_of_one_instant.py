from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.lab.real.order import Copy, Order, encode, read_number
from orchestrator.lab.real.rounds import demand_new


@pytest.mark.parametrize(("log", "database"), [(0, 0), (7, 7), (8, 7)])
def test_a_log_that_is_level_or_one_ahead_is_of_one_instant(log: int, database: int) -> None:
    assert not Order(log, database).torn


@pytest.mark.parametrize(("log", "database"), [(7, 8), (9, 7), (0, 1), (7, 5000)])
def test_a_database_ahead_of_its_log_or_too_far_behind_is_torn(log: int, database: int) -> None:
    assert Order(log, database).torn


def test_a_number_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(encode(123_456))
    assert read_number(tmp_path / "log") == 123_456


@pytest.mark.parametrize("content", [b"", b"1234567", b"123456789"])
def test_a_file_that_is_not_whole_is_no_number(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(ValueError, match="log holds"):
        read_number(tmp_path / "log")


def test_only_a_frozen_copy_is_looked_at_as_it_is() -> None:
    assert "ro" in Copy(Path("x"), "ext4").mount_options
    assert "noload" in Copy(Path("x"), "ext4").mount_options
    assert "ro" not in Copy(Path("x"), "ext4", frozen=False).mount_options


def test_a_writer_that_has_stopped_proves_nothing() -> None:
    assert demand_new(Order(8, 7), 7) == 8
    with pytest.raises(HostError, match="written nothing since 7") as failed:
        demand_new(Order(7, 7), 7)
    assert failed.value.code == "lab.child-ended"
