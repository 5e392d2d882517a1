"""File systems on LUN files in a reflink store, and our own parts over them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.hosts.fsfreeze.coordinator import FsfreezeCoordinator, FsfreezeSettings
from orchestrator.hosts.linux.loop_file import file_lun_id
from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator
from orchestrator.hosts.qemu_guest_agent.settings import GuestAgentSettings
from orchestrator.lab.real.file_systems import LabFileSystem, made_file_system
from orchestrator.model.grades import Grade
from orchestrator.plugin import HostCoordinator, ProviderContext, Secret
from providers.software_reflink.provider import ReflinkProvider, StoreSettings
from tests.benchmarks.lab import Rig

STORE_BYTES = 8 << 30
LUN_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class RealLab:
    """What is mounted."""

    home: Path
    store: Path
    file_systems: tuple[LabFileSystem, ...]

    @property
    def mount_points(self) -> tuple[str, ...]:
        return tuple(str(each.mount_point) for each in self.file_systems)

    def first(self, count: int) -> RealLab:
        """Return the lab with some of its file systems only."""
        return RealLab(self.home, self.store, self.file_systems[:count])


@contextmanager
def real_lab(home: Path, count: int) -> Iterator[RealLab]:
    """Mount file systems, each on a LUN file of its own, for the length of the block."""
    with ExitStack() as stack:
        store = stack.enter_context(made_file_system("xfs", home / "store.img", home / "store", STORE_BYTES))
        luns = store.mount_point / "luns"
        luns.mkdir()
        mounted = tuple(
            stack.enter_context(
                made_file_system("ext4", luns / f"lun{number}", home / f"fs{number}", LUN_BYTES)
            )
            for number in range(count)
        )
        yield RealLab(home, store.mount_point, mounted)


@contextmanager
def syncing_writer(lab: RealLab) -> Iterator[None]:
    """Let somebody write and sync on every file system for the length of the block."""
    script = str(Path(__file__).with_name("syncing_writer.py"))
    files = [f"{mount_point}/written" for mount_point in lab.mount_points]
    writer = subprocess.Popen([sys.executable, script, *files], stdin=subprocess.PIPE)
    try:
        yield
    finally:
        writer.communicate()


def fsfreeze_host(lab: RealLab) -> HostCoordinator:
    """Return this machine as a host."""
    context = ProviderContext("host", "file:///", Secret(""))
    return FsfreezeCoordinator(context, FsfreezeSettings(runtime_folder=lab.home / "run"))


def guest_agent_host(lab: RealLab, url: str) -> HostCoordinator:
    """Return this machine as its own guest agent sees it."""
    luns = ";".join(
        f"name:{Path(each.device).name}={file_lun_id(each.image.stat())}" for each in lab.file_systems
    )
    settings = GuestAgentSettings.model_validate({"runtime_folder": lab.home / "run", "luns": luns})
    return GuestAgentCoordinator(ProviderContext("host", url, Secret("")), settings)


@asynccontextmanager
async def real_rig(lab: RealLab, coordinator: HostCoordinator) -> AsyncIterator[Rig]:
    """Connect a host and the store, ready for runs over every file system of the lab."""
    provider = ReflinkProvider(ProviderContext("store", f"file://{lab.store}", Secret("")), StoreSettings())
    try:
        await coordinator.connect()
        await provider.connect()
        host = HostPart("host", coordinator, await coordinator.identify())
        store = ArrayPart("store", provider, await provider.identify())
        yield Rig(host, lab.mount_points, [store], Grade.FILE_SYSTEM_CONSISTENT)
    finally:
        await provider.close()
        await coordinator.close()
