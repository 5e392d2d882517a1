"""What the tests of the provider do over and over: connect, plan a cut, count, look what is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrator.lab.arrays import ServedArray
from orchestrator.model.arrays import ArmedCut, ArrayVolume, CutAnswer, CutMember, OwnedObject
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import Fault, ProviderContext, Secret
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.provider import FlashArrayProvider, FlashArraySettings
from tests.providers.shared.rest_server import TestToken

MIB: Final = 1 << 20
NAMES: Final = ObjectNames("abc234", "run4567abc", 1)
CUT: Final = "POST protection-group-snapshots"


def provider_for(
    url: str, secret: str, ca_file: Path | None, settings: dict[str, Any] | None = None
) -> FlashArrayProvider:
    """Return a provider that is not connected yet."""
    context = ProviderContext("array-a", url, Secret(secret), ca_file)
    return FlashArrayProvider(context, FlashArraySettings(**(settings or {"request_life_s": 0.2})))


@asynccontextmanager
async def connected(served: ServedArray, secret: str | None = None) -> AsyncIterator[FlashArrayProvider]:
    """Connect a provider, by default as the account that may do everything."""
    provider = provider_for(served.url, secret or served.emulator.credentials["api_token"], served.ca_file)
    await provider.connect()
    try:
        yield provider
    finally:
        await provider.close()


@dataclass
class Desk:
    """One planned cut of two array volumes."""

    emulator: FlashArrayEmulator
    provider: FlashArrayProvider
    volumes: Sequence[ArrayVolume]
    arrays: Sequence[str]
    token: TestToken
    before: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def plan(cls, emulator: FlashArrayEmulator, provider: FlashArrayProvider) -> Desk:
        """Locate the array volumes."""
        lun_ids = [item["lun_id"] for item in emulator.describe()["volumes"] if item["name"] != "bystander"]
        found = await provider.locate(lun_ids)
        arrays = [(await provider.identify()).array_id]
        volumes = [found[lun_id] for lun_id in lun_ids]
        return cls(emulator, provider, volumes, arrays, TestToken(arrays), cls._counts(emulator))

    @staticmethod
    def _counts(emulator: FlashArrayEmulator) -> dict[str, int]:
        return dict(emulator.front.calls.counts)

    def count(self, call: str) -> int:
        """Return how often a call reached the array since the plan."""
        return self._counts(self.emulator).get(call, 0) - self.before.get(call, 0)

    def fault(self, name: str, call: str = CUT, position: int = 1, delay_s: float = 0.0) -> None:
        """Let the array misbehave."""
        self.emulator.inject(Fault(name, call, position, delay_s))

    async def arm(self, names: ObjectNames = NAMES) -> ArmedCut:
        """Arm the planned cut."""
        return await self.provider.arm(self.volumes, names)

    async def commit(self, armed: ArmedCut) -> CutAnswer:
        """Cut, with a live token."""
        return await self.provider.commit(armed, self.token)

    async def cut(self) -> tuple[ArmedCut, Sequence[CutMember]]:
        """Arm, cut and confirm."""
        armed = await self.arm()
        return armed, await self.provider.confirm(armed, await self.commit(armed))

    async def left(self, prefix: str = NAMES.stem) -> dict[str, str]:
        """Return the states of what the array still has of ours, by name."""
        return {item.name: item.state.value for item in await self.owned(prefix)}

    async def owned(self, prefix: str = NAMES.stem) -> Sequence[OwnedObject]:
        """Return what the array has of ours."""
        return await self.provider.owned(prefix)
