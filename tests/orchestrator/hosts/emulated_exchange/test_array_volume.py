from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator

import pytest

from orchestrator.hosts.emulated_exchange.emulator.array_volume import ArrayVolume, Handle
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import Disks

AT = 3 << 20  # where no table of the file system lies
LOOK_S = 0.05


@pytest.fixture
def volume(disks: Disks) -> ArrayVolume:
    return ArrayVolume(disks.log, disks.log.with_suffix(".lock"))


@pytest.fixture
def handle(volume: ArrayVolume) -> Iterator[Handle]:
    with volume.opened() as handle:
        yield handle


def content(disks: Disks) -> bytes:
    return disks.log.read_bytes()[AT : AT + 4]


def test_a_rearrangement_goes_out_before_the_next_write(
    volume: ArrayVolume, handle: Handle, disks: Disks
) -> None:
    with volume.rearranging() as change:
        change.write(AT, b"1234")
    assert content(disks) == bytes(4)
    volume.write(handle, (AT, b"56"))
    assert content(disks) == b"5634"


def test_a_start_leaves_nothing_of_what_was_there(volume: ArrayVolume, handle: Handle, disks: Disks) -> None:
    os.pwrite(handle.volume, b"old!", AT)
    size_bytes = disks.log.stat().st_size
    volume.start(handle)
    assert content(disks) == bytes(4)
    assert disks.log.stat().st_size == size_bytes


def test_nobody_writes_while_another_rearranges(volume: ArrayVolume, handle: Handle) -> None:
    writer = threading.Thread(target=volume.write, args=(handle, (AT, b"1234")))
    with volume.rearranging():
        writer.start()
        writer.join(LOOK_S)
        assert writer.is_alive()
    writer.join()


def test_nobody_rearranges_while_another_writes(volume: ArrayVolume, handle: Handle, disks: Disks) -> None:
    def rearrange() -> None:
        with volume.rearranging():
            pass

    writer = threading.Thread(target=volume.write, args=(handle, (AT, b"1234")))
    other = threading.Thread(target=rearrange)
    with disks.log.with_suffix(".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        writer.start()
        writer.join(LOOK_S)
        other.start()
        other.join(LOOK_S)
        assert other.is_alive()
    writer.join()
    other.join()
