"""Two clones on an array, a provider that may present them to this machine, and who else is on the array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.lab.arrays import ServedArray
from orchestrator.model.arrays import ArrayVolume, Presentation
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.provider import FlashArrayProvider
from tests.providers.pure_flasharray.desk import Desk, provider_for
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller

HOST = "quiesce1"
CONNECT, DISCONNECT = "POST connections", "DELETE connections"
REFUSING = ["forbidden", "lost-answer-before-effect", "lost-answer-after-effect"]


@dataclass
class Screen:
    """Two clones of a cut, a provider that may present them, and who else is on the array."""

    desk: Desk
    admin: RestCaller
    fabric: Path
    clones: Sequence[ArrayVolume]

    @property
    def provider(self) -> FlashArrayProvider:
        return self.desk.provider

    def seen(self, host: str = HOST) -> set[str]:
        """Return what a host sees."""
        return {link.name for link in (self.fabric / host).iterdir()}

    def bytes_of(self, presentation: Presentation) -> bytes:
        return Path(presentation.file).read_bytes()

    async def connections(self) -> set[tuple[str, str]]:
        """Return who is connected to what, by the array's own listing."""
        return {
            (row["host"]["name"], row["volume"]["name"])
            for row in (await self.admin.get("connections")).items
        }

    async def present(self) -> list[str]:
        return [each.file for each in await self.provider.present(self.clones)]


async def a_provider(
    served: ServedArray, emulator: FlashArrayEmulator, role: str = "", **settings: object
) -> FlashArrayProvider:
    fabric = Path(emulator.describe()["fabric"])
    secret = emulator.add_admin("quiesce", role) if role else emulator.credentials["api_token"]
    settings = {
        "request_life_s": 0.2,
        "present_to": HOST,
        "device_folder": str(fabric / HOST),
        **settings,
    }
    return provider_for(served.url, secret, served.ca_file, settings)
