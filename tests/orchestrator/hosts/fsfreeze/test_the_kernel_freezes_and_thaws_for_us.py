"""The hold by ioctl, on real file systems, without a watchdog."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchestrator.hosts.fsfreeze import ioctl
from orchestrator.hosts.fsfreeze.hold import IoctlHold
from orchestrator.hosts.watchdog.hold import HoldFailed
from orchestrator.lab.real.file_systems import LabFileSystem, mounted, thaw
from tests.orchestrator.hosts.fsfreeze.conftest import Make, entry

pytestmark = pytest.mark.real

KINDS = ("ext4", "xfs", "btrfs")


@contextmanager
def hold_over(*file_systems: LabFileSystem, prepared: bool = True) -> Iterator[IoctlHold]:
    hold = IoctlHold([entry(one) for one in file_systems])
    try:
        if prepared:
            hold.prepare()
        yield hold
    finally:
        with suppress(HoldFailed):
            hold.thaw()
        hold.close()


@contextmanager
def frozen_by_somebody_else(one: LabFileSystem) -> Iterator[None]:
    descriptor = os.open(one.mount_point, os.O_RDONLY)
    try:
        ioctl.freeze(descriptor)
        yield
    finally:
        ioctl.thaw(descriptor)
        os.close(descriptor)


def unmount(one: LabFileSystem, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["umount", *options, str(one.mount_point)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def mount(one: LabFileSystem) -> None:
    """Mount it again: on its device if that is still there, for it goes with a last unmount that is clean."""
    there = subprocess.run(["losetup", one.device], capture_output=True, check=False).returncode == 0
    what = [one.device] if there else ["-o", "loop", str(one.image)]
    subprocess.run(["mount", *what, str(one.mount_point)], check=True)


def test_all_kinds_are_frozen_together_and_each_one_is_counted(make: Make) -> None:
    file_systems = [make(kind) for kind in KINDS]
    with hold_over(*file_systems) as hold:
        assert hold.freeze(threading.Event()) == 3
        assert hold.thaw() == 3
        assert hold.proven_thawed()
        assert [thaw(one.mount_point) for one in file_systems] == [False] * 3
        assert hold.thaw() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_waits_for_the_thaw(make: Make, kind: str) -> None:
    one = make(kind)
    written = threading.Event()

    def write() -> None:
        (one.mount_point / "file").write_text("data")
        written.set()

    with hold_over(one) as hold:
        hold.freeze(threading.Event())
        threading.Thread(target=write, daemon=True).start()
        assert not written.wait(0.2)
        assert hold.thaw() == 1
        assert written.wait(5.0)


def test_what_was_written_before_is_flushed(ext4: LabFileSystem) -> None:
    (ext4.mount_point / "file").write_bytes(b"unmistakable" * 1000)
    with hold_over(ext4) as hold:
        hold.flush(threading.Event())
        assert b"unmistakable" in ext4.image.read_bytes()


def test_a_foreign_freeze_fails_ours_and_is_left_in_place(make: Make) -> None:
    ours, theirs = make("ext4"), make("xfs")
    with frozen_by_somebody_else(theirs):
        with hold_over(ours, theirs) as hold:
            with pytest.raises(HoldFailed) as failed:
                hold.freeze(threading.Event())
            assert (failed.value.code, failed.value.subject) == ("host.already-frozen", theirs.device)
            hold.thaw()
            assert hold.proven_thawed()
        assert not thaw(ours.mount_point)
        assert thaw(theirs.mount_point)


def test_a_foreign_thaw_shows_in_the_count(make: Make) -> None:
    first, second = make("ext4"), make("btrfs")
    with hold_over(first, second) as hold:
        assert hold.freeze(threading.Event()) == 2
        assert thaw(second.mount_point)
        assert hold.thaw() == 1


def test_a_mount_that_is_gone_is_refused_and_the_one_below_not_frozen(make: Make, tmp_path: Path) -> None:
    below = make("ext4")
    place = below.mount_point / "place"
    above = make("xfs")
    with mounted(above.device, place):
        planned = entry(LabFileSystem("xfs", above.image, above.device, place))
    hold = IoctlHold([planned])
    with pytest.raises(HoldFailed) as failed:
        hold.prepare()
    assert (failed.value.code, failed.value.subject) == ("host.not-mounted", above.device)
    with pytest.raises(HoldFailed, match="not prepared"):
        hold.freeze(threading.Event())
    assert not thaw(below.mount_point)


def test_a_second_mount_point_will_do(make: Make, tmp_path: Path) -> None:
    one = make("btrfs")
    with mounted(one.device, tmp_path / "second") as second:
        gone = {str(tmp_path / "gone"): 1, str(tmp_path): 2}
        there = {str(second): second.stat().st_dev}
        hold = IoctlHold([{"device": one.device, "mount_points": gone | there}])
        hold.prepare()
        assert hold.freeze(threading.Event()) == 1
        assert thaw(one.mount_point)
        hold.close()


def test_a_cancelled_freeze_touches_nothing(ext4: LabFileSystem) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with hold_over(ext4) as hold:
        with pytest.raises(HoldFailed, match="given up"):
            hold.freeze(cancelled)
        assert not thaw(ext4.mount_point)


def test_whoever_takes_over_finds_what_is_frozen(make: Make) -> None:
    first, second = make("ext4"), make("xfs")
    with hold_over(first, second) as dead:
        dead.freeze(threading.Event())
        with hold_over(first, second, prepared=False) as heir:
            heir.reopen()
            assert heir.thaw() == 2
            assert heir.proven_thawed()
        assert not thaw(first.mount_point)
        assert not thaw(second.mount_point)


def test_nobody_unmounts_what_we_hold(ext4: LabFileSystem) -> None:
    with hold_over(ext4) as hold:
        hold.freeze(threading.Event())
        assert "busy" in unmount(ext4).stderr
        assert hold.thaw() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_lazy_unmount_does_not_hide_it_from_our_thaw(make: Make, kind: str) -> None:
    one = make(kind)
    with hold_over(one) as hold:
        hold.freeze(threading.Event())
        assert unmount(one, "--lazy").returncode == 0
        assert hold.thaw() == 1
        assert hold.proven_thawed()
    mount(one)
    assert not thaw(one.mount_point)


@pytest.mark.parametrize("kind", KINDS)
def test_one_unmounted_while_frozen_is_never_called_thawed_until_it_is(make: Make, kind: str) -> None:
    one = make(kind)
    planned = [entry(one)]
    with hold_over(one) as dead:
        dead.freeze(threading.Event())
        dead.close()
        assert unmount(one).returncode == 0
        heir = IoctlHold(planned)
        heir.reopen()
        try:
            with pytest.raises(HoldFailed, match="mount it there again") as failed:
                heir.thaw()
            assert failed.value.code == "host.still-frozen"
            assert not heir.proven_thawed()
        finally:
            mount(one)
            heir.reopen()
        assert heir.thaw() == 1
        assert heir.proven_thawed()
        heir.close()


def test_one_thawed_by_others_and_unmounted_since_is_proven_thawed(ext4: LabFileSystem) -> None:
    planned = [entry(ext4)]
    with hold_over(ext4) as dead:
        dead.freeze(threading.Event())
        thaw(ext4.mount_point)
    unmount(ext4)
    try:
        heir = IoctlHold(planned)
        heir.reopen()
        assert heir.thaw() == 0
        assert heir.proven_thawed()
    finally:
        mount(ext4)


def test_the_others_are_thawed_when_one_cannot_be(make: Make) -> None:
    gone, there = make("ext4"), make("xfs")
    planned = [entry(gone), entry(there)]
    with hold_over(gone, there) as dead:
        dead.freeze(threading.Event())
        dead.close()
        unmount(gone)
        heir = IoctlHold(planned)
        heir.reopen()
        try:
            with pytest.raises(HoldFailed):
                heir.thaw()
            assert not thaw(there.mount_point)
        finally:
            heir.close()
            mount(gone)
            assert thaw(gone.mount_point)


def test_what_cannot_be_frozen_is_an_error_and_nothing_to_thaw() -> None:
    place = Path("/proc")
    hold = IoctlHold([{"device": "proc", "mount_points": {"/proc": place.stat().st_dev}}])
    hold.prepare()
    with pytest.raises(HoldFailed, match=os.strerror(errno.EOPNOTSUPP)) as failed:
        hold.freeze(threading.Event())
    assert failed.value.code == "host.freeze-failed"
    assert hold.proven_thawed()
    hold.close()
