"""What a daemon that was killed leaves behind: mounts that nobody answers, loop devices over them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from orchestrator.errors import ArrayError
from providers.shared import loop_devices

_LOOPS: Final = Path("/sys/block")


async def clear(place: Path) -> None:
    """Take away a mount without a daemon, and the loop devices over it.

    Raises:
        ArrayRejected: `array.in-use`; a loop device is mounted.
        ArrayError: `array.rejected`; it cannot be unmounted.
    """
    for device in await asyncio.to_thread(_devices_over, place):
        await loop_devices.detach(device)
    child = await asyncio.create_subprocess_exec(
        "umount",
        "--lazy",
        str(place),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await child.communicate()
    if child.returncode:
        raise ArrayError("array.rejected", complaint.decode(errors="replace").strip(), subject=str(place))


def _devices_over(place: Path) -> list[str]:
    """By the path that each was attached with: the file itself cannot be looked at any more."""
    return [
        f"/dev/{note.parts[3]}"
        for note in _LOOPS.glob("loop*/loop/backing_file")
        if note.read_text(encoding="utf-8").rstrip("\n") == str(place)
    ]
