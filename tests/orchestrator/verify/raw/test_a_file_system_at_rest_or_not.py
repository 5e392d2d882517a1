from __future__ import annotations

import struct
from pathlib import Path

import pytest

from orchestrator.model.verification import Severity
from orchestrator.verify.raw.records import unsealed
from orchestrator.verify.raw.volume_state import is_marked_dirty, needs_replay
from tests.orchestrator.verify.raw.lab_images import LabImage, image_of


def sealed(block: bytes, at: int = 30, mark: bytes = b"\7\0") -> bytes:
    """Guard each 512 bytes of a block, as everything of the file system is guarded."""
    data = bytearray(block)
    count = len(data) // 512 + 1
    data[4:8] = struct.pack("<HH", at, count)
    data[at : at + 2] = mark
    for sector in range(1, count):
        data[at + 2 * sector : at + 2 * sector + 2] = data[sector * 512 - 2 : sector * 512]
        data[sector * 512 - 2 : sector * 512] = mark
    return bytes(data)


def restart_page(lsn: int, in_use: int, flags: int = 0) -> bytes:
    head = struct.pack("<4sHHQIIHHH", b"RSTR", 0, 0, 0, 4096, 4096, 64, 1, 1).ljust(64, b"\0")
    area = struct.pack("<QHHHH", lsn, 1, 0xFFFF, in_use, flags)
    return sealed((head + area).ljust(4096, b"\0"))


IN_USE, NOT_IN_USE, CLEAN = 0, 0xFFFF, 2
LOGS = {
    "never used": (b"\xff" * 8192, False),
    "emptied by a check": (b"CHKD".ljust(8192, b"\0"), False),
    "closed": (restart_page(5, NOT_IN_USE) * 2, False),
    "open, but marked clean": (restart_page(5, IN_USE, CLEAN) * 2, False),
    "open": (restart_page(5, IN_USE) * 2, True),
    "open in the newer page": (restart_page(5, NOT_IN_USE) + restart_page(6, IN_USE), True),
    "closed in the newer page": (restart_page(7, NOT_IN_USE) + restart_page(6, IN_USE), False),
    "newer page torn": (restart_page(5, IN_USE) + restart_page(6, NOT_IN_USE)[:-2] + b"\xee\xee", True),
    "noise": (b"noise" * 2000, True),
    "cut off": (restart_page(5, IN_USE)[:700], True),
    "area behind the page": (sealed(b"RSTR".ljust(24, b"\0") + b"\xff\xff" + bytes(4070)), True),
    "not readable": (b"", False),
}


@pytest.mark.parametrize("log", LOGS)
def test_a_log_says_whether_it_must_be_replayed(log: str) -> None:
    data, expected = LOGS[log]
    assert needs_replay(data) is expected


def test_a_block_is_whole_only_if_each_sector_was_written() -> None:
    whole = bytes(range(256)) * 4
    block = sealed(b"FILE" + whole[4:])
    assert unsealed(block) is not None
    assert unsealed(block[:-1] + b"\xee") is None
    assert unsealed(block[:100]) is None
    assert unsealed(block[:4] + b"\xff\xff" + block[6:]) is None
    assert unsealed(block[:6] + b"\0\0" + block[8:]) is None
    assert unsealed(block[:6] + b"\x80\0" + block[8:]) is None


@pytest.mark.parametrize("record", [b"", bytes(1024), sealed(bytes(1024)), sealed(b"FILE" + bytes(1020))])
def test_a_record_that_says_nothing_marks_nothing(record: bytes) -> None:
    assert not is_marked_dirty(record)


def test_only_a_record_marks_a_volume() -> None:
    image = LabImage()
    image.write(flags_at(image), b"\1\0")
    record = bytes(image.data[image.record_at(3) :][:1024])
    assert is_marked_dirty(record)
    assert not is_marked_dirty(b"BAAD" + record[4:])


def flags_at(image: LabImage) -> int:
    """Where the volume's flags lie: behind its version."""
    return image.data.index(struct.pack("<QBB", 0, 3, 1), image.record_at(3)) + 10


@pytest.mark.parametrize(("flags", "dirty"), [(0, False), (1, True), (0x8000, False)])
def test_a_volume_that_wants_to_be_checked_is_a_warning(flags: int, dirty: bool, tmp_path: Path) -> None:
    image = LabImage()
    image.write(flags_at(image), flags.to_bytes(2, "little"))
    with image_of(image.saved(tmp_path / "image")) as opened:
        found = [(one.code, one.severity) for one in opened.volume().findings]
    assert found == [("verify.file-system-dirty", Severity.WARNING)] * dirty


def test_a_log_with_changes_not_carried_out_is_a_warning(tmp_path: Path) -> None:
    image = LabImage(gpt=True)
    image.write(image.data.index(b"\xff" * 8192), restart_page(5, IN_USE) * 2)
    with image_of(image.saved(tmp_path / "image")) as opened:
        [finding] = opened.volume().findings
    assert finding.code == "verify.file-system-dirty"
    assert "did not carry out" in finding.text
