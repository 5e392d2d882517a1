"""What the tests of the store do over and over: make LUN files, plan a cut, cut, look what is left."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.model.arrays import ArmedCut, ArrayVolume, CutAnswer, CutMember
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import ProviderContext, Secret
from providers.software_reflink.provider import ReflinkProvider, StoreSettings
from tests.providers.shared.rest_server import TestToken

MIB: Final = 1 << 20
NAMES: Final = ObjectNames("abc234", "run4567abc", 1)
LUNS: Final = ("db.img", "log.img")


def provider_for(folder: Path | str) -> ReflinkProvider:
    """Return a provider that is not connected yet."""
    url = folder if isinstance(folder, str) else folder.as_uri()
    return ReflinkProvider(ProviderContext("store-a", url, Secret("")), StoreSettings())


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[ReflinkProvider]:
    """Connect a provider."""
    provider = provider_for(folder)
    await provider.connect()
    try:
        yield provider
    finally:
        await provider.close()


def lun_id(file: Path) -> str:
    """Return the identity that a host would report of a loop device over this file."""
    status = file.stat()
    return f"file.{os.major(status.st_dev)}:{os.minor(status.st_dev)}-{status.st_ino}"


def make_lun(file: Path, size_bytes: int = MIB) -> None:
    """Make a LUN file with bytes of its own."""
    file.write_bytes(os.urandom(size_bytes))


def make_fragmented_lun(file: Path, extents: int) -> None:
    """Make a LUN file in which a hole follows each block."""
    with file.open("wb") as stream:
        stream.truncate(extents * 8192)
        for number in range(extents):
            os.pwrite(stream.fileno(), b"x" * 4096, number * 8192)
        os.fsync(stream.fileno())


def make_store(folder: Path, *, subvolume: bool = False) -> Path:
    """Make a store with two LUN files."""
    folder.mkdir()
    if subvolume:
        subprocess.run(["btrfs", "-q", "subvolume", "create", folder / "luns"], check=True)
    else:
        (folder / "luns").mkdir()
    for name in LUNS:
        make_lun(folder / "luns" / name)
    return folder


def devices_over(folder: Path) -> list[str]:
    """Return the loop devices over files below a folder."""
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"],
        check=True,
        capture_output=True,
        text=True,
    )
    return [line.split()[0] for line in listed.stdout.splitlines() if f" {folder}/" in line]


def bytes_of(path: Path | str) -> bytes:
    """Return what a file or device holds."""
    return Path(path).read_bytes()


@contextmanager
def held_open(path: Path | str, *, flags: int = os.O_RDONLY) -> Iterator[int]:
    """Have a file or device open, as some other program might."""
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def files_open_below(folder: Path) -> list[str]:
    """Return what this process has open there."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith(f"{folder}/") or target == str(folder):
            found.append(target)
    return found


@dataclass
class Stand:
    """One store, a provider connected to it, and one planned cut."""

    folder: Path
    provider: ReflinkProvider
    volumes: Sequence[ArrayVolume]
    token: TestToken
    sealed: bool

    @classmethod
    async def plan(cls, folder: Path, provider: ReflinkProvider, names: Sequence[str] = LUNS) -> Stand:
        """Locate LUN files as a host would name them."""
        lun_ids = [lun_id(folder / "luns" / name) for name in names]
        found = await provider.locate(lun_ids)
        token = TestToken([(await provider.identify()).array_id])
        sealed = provider.capabilities.atomic_cut
        return cls(folder, provider, [found[each] for each in lun_ids], token, sealed)

    @property
    def luns(self) -> Path:
        """Where the LUN files are."""
        return self.folder / "luns"

    @property
    def private(self) -> Path:
        """Where the provider's own files are."""
        return self.folder / ".quiesce"

    async def arm(self, names: ObjectNames = NAMES) -> ArmedCut:
        """Arm the planned cut."""
        return await self.provider.arm(self.volumes, names)

    async def commit(self, armed: ArmedCut) -> CutAnswer:
        """Cut, with a live token."""
        return await self.provider.commit(armed, self.token)

    async def open_another_window(self) -> None:
        """Get a token for one more cut."""
        self.token = TestToken([(await self.provider.identify()).array_id])

    async def cut(self, names: ObjectNames = NAMES) -> tuple[ArmedCut, Sequence[CutMember]]:
        """Arm, cut and confirm, in a window of its own."""
        await self.open_another_window()
        armed = await self.arm(names)
        return armed, await self.provider.confirm(armed, await self.commit(armed))

    async def left(self, prefix: str = "qsc-") -> dict[str, str]:
        """Return the states of what the store still has of ours, by name."""
        return {item.name: item.state.value for item in await self.provider.owned(prefix)}

    def names(self) -> list[str]:
        """Return what really lies in the private folder, besides the store's identity."""
        return sorted(path.name for path in self.private.iterdir() if path.name != "store.json")
