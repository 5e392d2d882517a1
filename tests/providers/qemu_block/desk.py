"""What the tests of the provider do over and over: connect, plan a cut, make one, look what is left."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestrator.model.arrays import ArmedCut, ArrayVolume, CutMember, ObjectKind
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import ProviderContext, Secret
from providers.qemu_block.provider import QemuBlockProvider, QemuBlockSettings
from tests.providers.qemu_block.daemon import TestDaemon
from tests.providers.shared.rest_server import TestToken

INSTALLATION: Final = "abc234"
NAMES: Final = ObjectNames(INSTALLATION, "run4567abc", 1)


def named(run: int) -> ObjectNames:
    """Return the names of another run."""
    return ObjectNames(INSTALLATION, f"run{run:07}", 1)


def provider_for(served: TestDaemon, **settings: Any) -> QemuBlockProvider:
    """Return a provider that is not connected yet."""
    values = {"exports": served.exports, "folder": served.folder, "reserve_mib": 1, **settings}
    return QemuBlockProvider(ProviderContext("shelf", served.url, Secret("")), QemuBlockSettings(**values))


@asynccontextmanager
async def connected(served: TestDaemon, **settings: Any) -> AsyncIterator[QemuBlockProvider]:
    """Connect a provider."""
    provider = provider_for(served, **settings)
    await provider.connect()
    try:
        yield provider
    finally:
        await provider.close()


def lun_id(path: Path) -> str:
    """Return the LUN identity of a file, as a host finds it."""
    found = path.stat()
    return f"file.{os.major(found.st_dev)}:{os.minor(found.st_dev)}-{found.st_ino}"


@dataclass
class Desk:
    """A daemon, a provider that is connected to it, and the plan of a cut of all its LUNs."""

    served: TestDaemon
    provider: QemuBlockProvider
    volumes: Sequence[ArrayVolume]
    array_id: str

    @classmethod
    async def plan(cls, served: TestDaemon, provider: QemuBlockProvider) -> Desk:
        """Locate the array volumes."""
        wanted = [lun_id(served.exports / lun) for lun in served.ids]
        found = await provider.locate(wanted)
        array_id = (await provider.identify()).array_id
        return cls(served, provider, [found[each] for each in wanted], array_id)

    @property
    def token(self) -> TestToken:
        """A token that is alive, once."""
        return TestToken([self.array_id])

    async def arm(self, names: ObjectNames = NAMES, volumes: Sequence[ArrayVolume] = ()) -> ArmedCut:
        """Arm the planned cut."""
        return await self.provider.arm(volumes or self.volumes, names)

    async def cut(self, names: ObjectNames = NAMES) -> tuple[ArmedCut, Sequence[CutMember]]:
        """Arm, cut and confirm."""
        armed = await self.arm(names)
        answer = await self.provider.commit(armed, self.token)
        return armed, await self.provider.confirm(armed, answer)

    async def left(self, prefix: str = f"qsc-{INSTALLATION}-") -> Mapping[str, str]:
        """Return the states of what the array still has of ours, by name."""
        return {item.name: item.state.value for item in await self.provider.owned(prefix)}

    async def delete_all(self, names: ObjectNames) -> Mapping[str, str]:
        """Delete what an attempt owns, and return the states of what stays, by name."""
        found = [item for item in await self.provider.owned(names.stem) if names.covers(item.name)]
        return {item.name: item.state.value for item in await self.provider.delete(found)}

    async def clones(self, names: ObjectNames = NAMES) -> Sequence[str]:
        """Return the names of the clones there are."""
        owned = await self.provider.owned(names.stem)
        return [item.name for item in owned if item.kind is ObjectKind.CLONE]
