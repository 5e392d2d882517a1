"""Read-only loop devices over files of this machine, by `losetup`. What the kernel says of them is the truth.

    device = await attach(file)       # the one there is, or a new one
    await withdraw(file)              # every read-only one of it

A child process does the work, so the event loop never blocks. A cancellation waits for the child to end, and
takes away what that child has just attached.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import ArrayError, ArrayRejected
from providers.shared.finishing import to_its_end

_PROGRAM: Final = "losetup"
_COLUMNS: Final = "NAME,RO,AUTOCLEAR"

# A device may be open for a moment because something looks what is on it (udev does, after each change).
_LET_GO_S: Final = 1.0
_LOOK_AGAIN_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class LoopDevice:
    """A loop device as the kernel lists it.

    Attributes:
        device: its path, `/dev/loop0`.
        read_only: whether nothing can be written through it.
        leaving: already detached; it goes when the last process that has it open closes it.
    """

    device: str
    read_only: bool
    leaving: bool = False

    @property
    def usable(self) -> bool:
        """Whether it can be presented: read-only, and here to stay."""
        return self.read_only and not self.leaving


def losetup_found() -> bool:
    """Tell whether this machine has the program. Blocks."""
    return shutil.which(_PROGRAM) is not None


async def attached_to(file: Path) -> Sequence[LoopDevice]:
    """List the loop devices over a file, whoever made them. A file that is not there has none.

    Raises:
        ArrayError: `array.loop-device-failed`.
    """
    if not await asyncio.to_thread(file.exists):
        return ()
    printed = await _losetup("--list", "--json", "--output", _COLUMNS, "--associated", str(file))
    rows: Sequence[Mapping[str, Any]] = json.loads(printed)["loopdevices"] if printed.strip() else ()
    return tuple(LoopDevice(row["name"], bool(row["ro"]), bool(row["autoclear"])) for row in rows)


async def attach(file: Path) -> str:
    """Return the path of a read-only loop device over a file: the one there is, or a new one.

    Raises:
        ArrayError: `array.loop-device-failed`; nothing was attached.
    """
    for found in await attached_to(file):
        if found.usable:
            return found.device
    command = _losetup("--find", "--show", "--read-only", str(file))
    task = asyncio.ensure_future(command)
    try:
        return (await asyncio.shield(task)).strip()
    except asyncio.CancelledError:
        await to_its_end(_undo(task))
        raise


async def detach(device: str) -> None:
    """Take a loop device away. One that is not there is success.

    Raises:
        ArrayRejected: `array.in-use`; it is mounted, or a process has it open.
        ArrayError: `array.loop-device-failed`.
    """
    await to_its_end(_detach(device))


async def withdraw(file: Path) -> None:
    """Take away every read-only loop device over a file. None is success; a writable one is not ours.

    Raises:
        ArrayRejected: `array.in-use`; one of them is mounted, or a process has it open.
        ArrayError: `array.loop-device-failed`.
    """
    for found in await attached_to(file):
        if found.read_only:
            await detach(found.device)


async def _undo(attaching: asyncio.Task[str]) -> None:
    with suppress(ArrayError):
        await _detach((await attaching).strip())


async def _detach(device: str) -> None:
    if await asyncio.to_thread(_is_claimed, device):
        raise _in_use(device, "it is mounted, or part of another device")
    if await asyncio.to_thread(_is_attached, device):
        await _losetup("--detach", device)
    # The kernel says yes although a process has the device open, and lets it go when that one closes it.
    looks = int(_LET_GO_S / _LOOK_AGAIN_S)
    while await asyncio.to_thread(_is_attached, device):
        looks -= 1
        if looks < 0:
            raise _in_use(device, "a process has it open; it goes when that one closes it")
        await asyncio.sleep(_LOOK_AGAIN_S)


def _is_attached(device: str) -> bool:
    """Whether there is a file behind a loop device (loop.c: the folder is there from attach to detach)."""
    return Path("/sys/block", Path(device).name, "loop").is_dir()


def _is_claimed(device: str) -> bool:
    """Whether a mount, or another block device, holds it: both open it exclusively, as is done here."""
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def _in_use(device: str, what: str) -> ArrayRejected:
    return ArrayRejected(what, subject=device, code="array.in-use")


async def _losetup(*arguments: str) -> str:
    """Run the program and return what it printed."""
    try:
        child = await asyncio.create_subprocess_exec(
            _PROGRAM,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise _failed(f"{_PROGRAM} cannot be run: {os.strerror(error.errno or 0)}", arguments) from error
    printed, complaint = await child.communicate()
    if child.returncode:
        raise _failed(complaint.decode(errors="replace").strip() or f"status {child.returncode}", arguments)
    return printed.decode()


def _failed(what: str, arguments: Sequence[str]) -> ArrayError:
    return ArrayError("array.loop-device-failed", what, subject=arguments[-1])
