"""Clones of ours connected to one host object of the array. What anybody else connects stays."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from orchestrator.errors import ArrayError, ArrayRejected, OrchestratorError
from orchestrator.model.arrays import ArrayVolume, Presentation
from providers.pure_flasharray import mapping
from providers.pure_flasharray.client import FlashArrayClient
from providers.pure_flasharray.errors import AlreadyThere, Gone
from providers.pure_flasharray.mapping import ConnectionRow, VolumeRow, where
from providers.shared.finishing import to_its_end

_MOST_NAMED: Final = 3  # hosts in a message


class Presenting:
    """What one host object is shown.

    Args:
        client: of the array.
        host: the array's host object for the machine that is to see clones; empty for none.
        device_folder: where that machine finds devices by identity.
    """

    def __init__(self, client: FlashArrayClient, host: str, device_folder: str) -> None:
        self._client = client
        self._host = host
        self._device_folder = device_folder.rstrip("/")

    async def possible(self) -> bool:
        """Tell whether there is a host object to present to."""
        return bool(self._host) and await self._client.host_exists(self._host)

    async def missing(self, *, role_suffices: bool) -> Sequence[str]:
        """Name what is missing for presenting, in the vendor's words; nothing if nobody wants it."""
        if not self._host:
            return ()
        right = () if role_suffices else (f"the right to connect volumes to the host {self._host}",)
        there = await self._client.host_exists(self._host)
        return (*right, *(() if there else (f"the host {self._host}, which `present_to` names",)))

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        """Connect clones to the host object. What cannot be finished is undone, if this call did it."""
        if not self._host:
            raise self._cannot("its setting `present_to` is empty")
        rows = [await self._clone(volume) for volume in volumes]
        connected = {row.volume.id for row in await self._connected()}
        made: list[str] = []
        try:
            for row in rows:
                if row.id not in connected:
                    made.append(row.name)
                    with suppress(AlreadyThere):  # somebody else of us was quicker
                        await self._client.connect_volume(self._host, row.name)
        except BaseException:
            await to_its_end(self._take_back(made))
            raise
        return [self._presentation(row) for row in rows]

    async def withdraw(self, volume_ids: set[str]) -> None:
        """Undo our own connections of array volumes to the host object. None is success."""
        if not self._host:
            return
        with suppress(Gone):  # no host object, so nothing is connected to it
            for row in await self._client.connections(host=self._host):
                ours = not row.host_group.name and mapping.is_named_by_us(row.volume.name)
                if ours and row.volume.id in volume_ids:
                    await self._disconnect(row.volume.name or "")

    async def release(self, clones: Sequence[VolumeRow]) -> None:
        """Undo our own connections of clones that are about to be deleted.

        Raises:
            ArrayRejected: `array.in-use`; somebody has connected one elsewhere. Nothing was undone.
        """
        if not clones:
            return
        foreign = [row for row in await self._connections_of(clones) if not self._is_ours(row)]
        if foreign:
            hosts = sorted({row.host.name or row.host_group.name or "?" for row in foreign})
            named = ", ".join(islice(hosts, _MOST_NAMED)) + (", …" if len(hosts) > _MOST_NAMED else "")
            what = f"somebody has connected {foreign[0].volume.name} to {named}"
            remedy = "Disconnect it there with the array's own tools if nobody needs it, then try again."
            raise ArrayRejected(what, subject=self._client.subject, code="array.in-use", remedy=remedy)
        await self.withdraw({row.id for row in clones})

    # ---------------------------------------------------------------- steps of the above

    async def _clone(self, volume: ArrayVolume) -> VolumeRow:
        """Read a clone again; whatever is not a clone of ours is not shown to anybody."""
        rows = await self._client.volumes(where("name", volume.name))
        row = next((row for row in rows if row.id == volume.volume_id and not row.destroyed), None)
        if row is None:
            raise self._rejected(f"the clone {volume.name} is gone")
        if not (mapping.is_named_by_us(row.name) and row.source.id):
            raise self._rejected(f"{row.name} is no clone of ours")
        return row

    async def _connected(self) -> Sequence[ConnectionRow]:
        try:
            return await self._client.connections(host=self._host)
        except Gone as error:
            raise self._cannot(f"it has no host {self._host}, which `present_to` names") from error

    async def _connections_of(self, clones: Sequence[VolumeRow]) -> list[ConnectionRow]:
        found: list[ConnectionRow] = []
        for clone in clones:
            with suppress(Gone):  # since it was read
                found += await self._client.connections(volume=clone.name)
        return found

    def _is_ours(self, row: ConnectionRow) -> bool:
        return row.host.name == self._host and not row.host_group.name

    async def _disconnect(self, volume: str) -> None:
        with suppress(Gone):
            await self._client.disconnect_volume(self._host, volume)

    async def _take_back(self, volumes: Sequence[str]) -> None:
        for volume in volumes:
            with suppress(OrchestratorError):
                await self._disconnect(volume)

    def _presentation(self, row: VolumeRow) -> Presentation:
        device = f"{self._device_folder}/{mapping.device_name_of(row.serial)}"
        return Presentation(row.id, device, device)

    def _rejected(self, what: str) -> ArrayRejected:
        return ArrayRejected(what, subject=self._client.subject)

    def _cannot(self, what: str) -> ArrayError:
        remedy = (
            "Make a host object for this machine on the array, with its initiators, and register the array "
            "with `--setting present_to=NAME`."
        )
        return ArrayError("array.cannot-present", what, subject=self._client.subject, remedy=remedy)
