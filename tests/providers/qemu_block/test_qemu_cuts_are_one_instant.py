from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from orchestrator.errors import ArrayRejected
from orchestrator.hosts.fsfreeze import ioctl
from orchestrator.lab.real.file_systems import loop_device, mounted, run
from orchestrator.model.arrays import ArmedCut
from providers.qemu_block.client import Monitor
from providers.qemu_block.provider import QemuBlockProvider
from tests.providers.qemu_block.daemon import TestDaemon
from tests.providers.qemu_block.desk import NAMES, Desk, connected, named, provider_for

pytestmark = pytest.mark.real

CUTS: Final = 8


class Writer(threading.Thread):
    """Writes 1, 2, 3 … to the log's LUN and, when that is on the disk, to the database's."""

    def __init__(self, served: TestDaemon) -> None:
        super().__init__()
        self.stopping = threading.Event()
        self._luns = [os.open(served.exports / lun, os.O_RDWR | os.O_DSYNC) for lun in served.ids]
        self.number = 0

    def run(self) -> None:
        """Write until told to stop."""
        while not self.stopping.is_set():
            self.number += 1
            for lun in self._luns:
                os.pwrite(lun, self.number.to_bytes(8, "big"), 0)

    def stop(self) -> None:
        """Stop, and close everything."""
        self.stopping.set()
        self.join()
        for lun in self._luns:
            os.close(lun)


async def test_all_members_share_one_instant_without_any_freeze(desk: Desk) -> None:
    found = await numbers_in_cuts(desk)
    assert [pair for pair in found if not pair[1] <= pair[0] <= pair[1] + 1] == []
    assert len({pair[0] for pair in found}) == CUTS  # the writer did write all the time


async def test_cuts_one_after_the_other_are_seen_to_differ(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: it does when the members are cut by one request each."""
    cut = Monitor.cut

    async def one_by_one(self: Monitor, overlays: Sequence[tuple[str, str]], **_: object) -> None:
        for overlay in overlays:
            await cut(self, [overlay], token=desk.token, array_id=desk.array_id)
            await asyncio.sleep(0.01)

    monkeypatch.setattr(Monitor, "cut", one_by_one)
    assert [pair for pair in await numbers_in_cuts(desk) if pair[1] > pair[0]] != []


async def numbers_in_cuts(desk: Desk) -> list[list[int]]:
    """Cut several times while a writer writes, and return what the log and the database held in each cut."""
    writer = Writer(desk.served)
    writer.start()
    cuts = []
    try:
        for number in range(CUTS):
            armed = await desk.arm(named(number))
            await asyncio.sleep(0.02)
            cuts.append(await desk.provider.confirm(armed, await desk.provider.commit(armed, desk.token)))
    finally:
        await asyncio.to_thread(writer.stop)
    found = []
    for number, members in enumerate(cuts):
        made = [each.volume for each in await desk.provider.clone(members, named(number))]
        found.append([first_number(Path(each.file)) for each in await desk.provider.present(made)])
        await desk.provider.withdraw(made)
    return found


def first_number(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file.read(8), "big")


async def test_a_disk_that_is_full_is_said_to_be(place: Path, served: TestDaemon) -> None:
    with small_disk(served.folder):
        async with connected(served, reserve_mib=0) as provider:
            desk = await Desk.plan(served, provider)
            with pytest.raises(ArrayRejected) as caught:
                await desk.arm()
            assert caught.value.code == "array.full"
            await provider.abort(ArmedCut(NAMES, ()))
            assert (await desk.left(), served.files()) == ({}, [])
            assert served.ask("query-jobs") == []


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a file system on a folder that has room for one overlay, not for two."""
    plain("mount", "-t", "tmpfs", "-o", "size=300k,mode=0700", "quiesce-test", str(folder))
    try:
        yield
    finally:
        plain("umount", str(folder))


def plain(*command: str) -> None:
    """Run a program; a thread of its own, since the test runs inside an event loop."""
    thread = threading.Thread(target=run, args=command)
    thread.start()
    thread.join()


def test_a_frozen_file_system_is_cut_and_its_clone_is_mounted(served: TestDaemon, tmp_path: Path) -> None:
    """The whole way: ext4 on a loop device on an export, frozen, cut, thawed, and read from the clone."""
    device_of_lun0 = loop_device(served.exports / "lun0")
    with asyncio.Runner() as runner, device_of_lun0 as device:
        provider = provider_for(served)
        runner.run(provider.connect())
        try:
            run("mkfs.ext4", "-q", "-F", device)
            with mounted(device, tmp_path / "host") as host:
                (host / "mail").write_text("before the cut", encoding="utf-8")
                desk = runner.run(Desk.plan(served, provider))
                armed = runner.run(desk.arm())
                members = runner.run(cut_frozen(desk, armed, host))
                (host / "mail").write_text("after the cut, and longer", encoding="utf-8")
                run("sync", "--file-system", str(host))
                assert mail_in_clone(runner, provider, members, tmp_path) == "before the cut"
                assert (host / "mail").read_text(encoding="utf-8") == "after the cut, and longer"
        finally:
            runner.run(provider.close())


async def cut_frozen(desk: Desk, armed: ArmedCut, host: Path) -> Sequence[object]:
    """Cut while the file system is held, and thaw it whatever happens."""
    descriptor = await asyncio.to_thread(os.open, host, os.O_RDONLY | os.O_DIRECTORY)
    try:
        await asyncio.to_thread(ioctl.freeze, descriptor)
        try:
            async with asyncio.timeout(5):
                answer = await desk.provider.commit(armed, desk.token)
        finally:
            assert await asyncio.to_thread(ioctl.thaw, descriptor)
        return await desk.provider.confirm(armed, answer)
    finally:
        os.close(descriptor)


def mail_in_clone(
    runner: asyncio.Runner, provider: QemuBlockProvider, members: Sequence[object], place: Path
) -> str:
    """Mount the clone of the first LUN read-only, without replaying its journal, and read the file."""
    made = [each.volume for each in runner.run(provider.clone(members, NAMES))]  # type: ignore[arg-type] # it is a coroutine
    shown = runner.run(provider.present(made))
    try:
        with mounted(shown[0].device, place / "clone", "ro", "noload") as clone:
            with pytest.raises(ArrayRejected) as caught:
                runner.run(provider.withdraw(made))
            assert caught.value.code == "array.in-use"
            return (clone / "mail").read_text(encoding="utf-8")
    finally:
        runner.run(provider.withdraw(made))
