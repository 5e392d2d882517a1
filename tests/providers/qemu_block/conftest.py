"""A real storage daemon with two LUNs, and a provider that is connected to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from qemu.qmp import QMPClient

from providers.qemu_block.provider import QemuBlockProvider
from tests.providers.qemu_block.daemon import TestDaemon, daemon, mounts_under
from tests.providers.qemu_block.desk import Desk, connected

PROGRAMS: Final = ("qemu-storage-daemon", "qemu-img", "losetup", "umount", "setpriv")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder for a daemon, if this machine can run one. Nothing in it may stay attached or mounted."""
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    if not Path("/dev/fuse").exists():
        pytest.skip("missing: /dev/fuse")
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"missing: {program}")
    home = tmp_path / "shelf"
    yield home
    assert mounts_under(home) == []


@pytest.fixture
def served(place: Path) -> Iterator[TestDaemon]:
    """The daemon."""
    with daemon(place) as served:
        yield served


@pytest.fixture
async def provider(served: TestDaemon) -> AsyncIterator[QemuBlockProvider]:
    """A provider."""
    async with connected(served) as provider:
        yield provider


@pytest.fixture
async def desk(served: TestDaemon, provider: QemuBlockProvider) -> Desk:
    """The plan of a cut of both LUNs."""
    return await Desk.plan(served, provider)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every command that leaves for the daemon from now on."""
    commands: list[str] = []
    execute = QMPClient.execute

    async def recorded(client: QMPClient, command: str, *rest: Any) -> object:
        commands.append(command)
        return await execute(client, command, *rest)

    monkeypatch.setattr(QMPClient, "execute", recorded)
    return commands
