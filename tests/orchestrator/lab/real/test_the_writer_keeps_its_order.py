"""The lab's writer on real file systems, and what copies of them show."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from orchestrator.errors import BadInput, HostError
from orchestrator.lab.real import writer as writer_module
from orchestrator.lab.real.file_systems import LabFileSystem, made_file_system, mounted, thaw
from orchestrator.lab.real.order import Copy, Order, order_of
from orchestrator.lab.real.rounds import GAP_NUMBERS, GAP_S
from orchestrator.lab.real.writer import Writer, counting_writer
from tests.orchestrator.lab.real.freezing import freeze

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

FICLONE: Final = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
LIMIT_S: Final = 10.0


@dataclass(frozen=True)
class Scene:
    log: LabFileSystem
    database: LabFileSystem
    store: Path
    looked_at: Path

    def copied(self, *, frozen: bool, between: Callable[[], None]) -> Order:
        """Copy the log, then the database, and do something in between."""
        log = self._copied(self.log, frozen=frozen)
        between()
        return order_of(log, self._copied(self.database, frozen=frozen), self.looked_at)

    def _copied(self, source: LabFileSystem, *, frozen: bool) -> Copy:
        copy = self.store / f"copy-{source.image.name}"
        with source.image.open("rb") as old, copy.open("wb") as new:
            fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
        return Copy(copy, source.kind, frozen=frozen)


@pytest.fixture
def database_kind() -> str:
    return "ext4"


@pytest.fixture
def scene(database_kind: str, real_lab: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        store = stack.enter_context(
            made_file_system("xfs", real_lab / "store.img", real_lab / "store", 4 << 30)
        ).mount_point
        log = stack.enter_context(made_file_system("ext4", store / "luns" / "log", real_lab / "log"))
        database = stack.enter_context(
            made_file_system(database_kind, store / "luns" / "db", real_lab / "db")
        )
        yield Scene(log, database, store, real_lab / "look")


@pytest.fixture
def writer(scene: Scene) -> Iterator[Writer]:
    with counting_writer(scene.log.mount_point, scene.database.mount_point) as writer:
        yield writer


@pytest.mark.parametrize("database_kind", ["ext4", "xfs"])
def test_copies_made_while_both_were_frozen_are_of_one_instant(scene: Scene, writer: Writer) -> None:
    before = 0
    for _ in range(5):
        freeze(scene.log, scene.database)
        order = scene.copied(frozen=True, between=lambda: time.sleep(GAP_S))
        assert thaw(scene.log.mount_point)
        assert thaw(scene.database.mount_point)
        assert not order.torn
        assert order.log > before  # or else nobody would have written meanwhile
        before = order.log
        writer.await_numbers(2, LIMIT_S)


@pytest.mark.parametrize("database_kind", ["ext4", "xfs"])
def test_copies_split_off_without_a_freeze_are_torn(scene: Scene, writer: Writer) -> None:
    writer.await_numbers(10, LIMIT_S)

    def let_it_count() -> None:
        writer.await_numbers(GAP_NUMBERS, LIMIT_S)

    assert sum(scene.copied(frozen=False, between=let_it_count).torn for _ in range(7)) >= 4


def test_a_copy_that_the_writer_never_wrote_to_is_no_pair(scene: Scene) -> None:
    freeze(scene.log, scene.database)
    try:
        with pytest.raises(FileNotFoundError):
            scene.copied(frozen=True, between=lambda: None)
    finally:
        for each in (scene.log, scene.database):
            assert thaw(each.mount_point)


def test_the_writer_ends_although_a_file_system_is_frozen(scene: Scene) -> None:
    began_s = time.monotonic()
    with counting_writer(scene.log.mount_point, scene.database.mount_point) as writer:
        freeze(scene.log, scene.database)
    assert time.monotonic() - began_s < writer_module.END_S
    gone(writer.pid)
    assert not thaw(scene.log.mount_point)
    assert not thaw(scene.database.mount_point)


def test_a_writer_that_does_not_end_is_made_to(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "END_S", 0.1)
    with counting_writer(scene.log.mount_point, scene.database.mount_point) as writer:
        os.kill(writer.pid, signal.SIGSTOP)
        while "T (stopped)" not in Path(f"/proc/{writer.pid}/status").read_text(encoding="ascii"):
            time.sleep(0.001)
        freeze(scene.database)
    gone(writer.pid)
    assert not thaw(scene.database.mount_point)


@pytest.mark.parametrize("frozen", [False, True])
def test_the_writer_ends_with_the_process_that_started_it(scene: Scene, frozen: bool) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from orchestrator.lab.real.writer import counting_writer\n"
        "with counting_writer(Path(sys.argv[1]), Path(sys.argv[2])) as writer:\n"
        "    print(writer.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    places = [str(scene.log.mount_point), str(scene.database.mount_point)]
    with subprocess.Popen([sys.executable, "-c", program, *places], stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        pid = int(lab.stdout.readline())
        if frozen:
            freeze(scene.log, scene.database)
        lab.kill()
    until = time.monotonic() + writer_module.ORPHAN_S / 2
    while frozen and time.monotonic() < until:  # whoever freezes again while the lab dies is thawed again
        with suppress(OSError):
            freeze(scene.log)
    gone(pid)
    assert not thaw(scene.log.mount_point)
    assert not thaw(scene.database.mount_point)


def gone(pid: int) -> None:
    """Wait for the end of a process that is no child of ours."""
    until = time.monotonic() + LIMIT_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_writer_that_cannot_begin_says_so(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HostError) as failed, counting_writer(scene.log.mount_point, scene.store / "gone"):
        pass
    assert failed.value.code == "lab.child-ended"
    assert "FileNotFoundError" in capfd.readouterr().err


def test_what_was_frozen_is_thawed_before_it_is_unmounted(real_lab: Path) -> None:
    image = real_lab / "a.img"
    with made_file_system("ext4", image, real_lab / "a") as made:
        freeze(made)
    with mounted(str(image), real_lab / "a", "loop"):
        assert not thaw(real_lab / "a")
        (real_lab / "a" / "file").touch()  # would wait for ever


def test_a_folder_that_nothing_is_mounted_on_is_never_thawed_or_frozen(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        thaw(tmp_path)
    assert refused.value.code == "lab.not-our-file-system"
