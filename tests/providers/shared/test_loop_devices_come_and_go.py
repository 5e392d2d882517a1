"""Loop devices: one a file, never one too many, and none while somebody uses it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from orchestrator.errors import ArrayError, ArrayRejected
from providers.shared import loop_devices
from tests.providers.software_reflink.stand import bytes_of, held_open

pytestmark = pytest.mark.real


@pytest.fixture
async def file(tmp_path: Path, needs_program: Callable[[str], str]) -> AsyncIterator[Path]:
    """A file over which there is no device, before and after."""
    needs_program("losetup")
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    file = tmp_path / "disk.img"
    file.write_bytes(os.urandom(1 << 20))
    yield file
    left = await loop_devices.attached_to(file)
    for item in left:
        await loop_devices.detach(item.device)
    assert left == ()


async def test_a_device_is_read_only_and_has_the_bytes_of_its_file(file: Path) -> None:
    device = await loop_devices.attach(file)
    (found,) = await loop_devices.attached_to(file)
    assert (found.device, found.read_only, found.leaving) == (device, True, False)
    assert bytes_of(device) == bytes_of(file)
    await loop_devices.withdraw(file)


async def test_attaching_twice_yields_one_device_and_detaching_twice_is_success(file: Path) -> None:
    device = await loop_devices.attach(file)
    assert await loop_devices.attach(file) == device
    await loop_devices.detach(device)
    await loop_devices.detach(device)
    await loop_devices.detach("/dev/no-such-loop")


async def test_a_writable_device_of_somebody_else_is_neither_used_nor_taken_away(file: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        "losetup", "--find", "--show", str(file), stdout=asyncio.subprocess.PIPE
    )
    theirs = (await child.communicate())[0].decode().strip()
    try:
        assert await loop_devices.attach(file) != theirs
        await loop_devices.withdraw(file)
        assert [item.device for item in await loop_devices.attached_to(file)] == [theirs]
    finally:
        await loop_devices.detach(theirs)


async def test_a_device_that_is_held_exclusively_is_in_use(file: Path) -> None:
    device = await loop_devices.attach(file)
    descriptor = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        with pytest.raises(ArrayRejected) as caught:
            await loop_devices.detach(device)
        assert caught.value.code == "array.in-use"
        (found,) = await loop_devices.attached_to(file)
        assert not found.leaving  # it was not even tried
    finally:
        os.close(descriptor)
    await loop_devices.detach(device)


async def test_a_device_that_is_open_goes_when_it_is_closed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_devices, "_LET_GO_S", 0.05)
    device = await loop_devices.attach(file)
    with held_open(device):
        with pytest.raises(ArrayRejected) as caught:
            await loop_devices.detach(device)
        assert caught.value.code == "array.in-use"
        (found,) = await loop_devices.attached_to(file)
        assert found.leaving
        assert await loop_devices.attach(file) != device
    await loop_devices.withdraw(file)


async def test_a_device_that_is_open_for_a_moment_is_waited_for(file: Path) -> None:
    device = await loop_devices.attach(file)
    with held_open(device):
        detach = asyncio.create_task(loop_devices.detach(device))
        for _ in range(200):
            if any(item.leaving for item in await loop_devices.attached_to(file)):
                break
    await detach


async def test_attaching_that_is_cancelled_leaves_no_device(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losetup, running, attached = loop_devices._losetup, asyncio.Event(), asyncio.Event()

    async def noticed(*arguments: str) -> str:
        if "--find" not in arguments:
            return await losetup(*arguments)
        running.set()
        device = await losetup(*arguments)
        attached.set()
        return device

    monkeypatch.setattr(loop_devices, "_losetup", noticed)
    attach = asyncio.create_task(loop_devices.attach(file))
    await running.wait()
    attach.cancel()
    await asyncio.sleep(0)
    attach.cancel()
    await asyncio.wait({attach})
    assert attach.cancelled()
    await attached.wait()
    assert await loop_devices.attached_to(file) == ()


async def test_a_file_that_is_not_there_has_no_device_and_gets_none(tmp_path: Path) -> None:
    assert await loop_devices.attached_to(tmp_path / "none") == ()
    await loop_devices.withdraw(tmp_path / "none")
    with pytest.raises(ArrayError, match="No such file") as caught:
        await loop_devices.attach(tmp_path / "none")
    assert caught.value.code == "array.loop-device-failed"


async def test_a_machine_without_the_program_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_devices, "_PROGRAM", "no-such-program")
    assert not await asyncio.to_thread(loop_devices.losetup_found)
    with pytest.raises(ArrayError, match="cannot be run") as caught:
        await loop_devices.attach(file)
    assert caught.value.code == "array.loop-device-failed"
    monkeypatch.undo()
