"""One store on XFS or btrfs: LUN files, cut by sharing their blocks inside a freeze window."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict

from orchestrator.errors import (
    ArrayBusy,
    ArrayError,
    ArrayRejected,
    BadInput,
    CutNotAuthorised,
    OrchestratorError,
)
from orchestrator.model.arrays import (
    ArmedCut,
    ArrayIdentity,
    ArrayVolume,
    Capabilities,
    Clone,
    CutAnswer,
    CutForecast,
    CutMember,
    ObjectKind,
    ObjectState,
    OwnedObject,
    Presentation,
)
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import ClockSample, Cloner, CutToken, Presenter, Provider, ProviderContext
from providers.shared import loop_devices
from providers.shared.finishing import in_thread, to_its_end
from providers.software_reflink import clones, confirming, forecast, kernel, removing, rights
from providers.software_reflink.armed import ArmedFiles
from providers.software_reflink.arming import Arming
from providers.software_reflink.mapping import (
    FolderNames,
    folder_of_ours,
    serial_lun_id,
    serial_of,
    store_folder,
)
from providers.software_reflink.store import Store

# As many as a shadow copy set holds host volumes; two open files each.
VOLUMES_PER_CUT: Final = 64
MOST_ARMED: Final = 8

# The kernel stamps files with a clock that moves once a tick. On a virtual machine ticks come late: stamps
# were seen 5.4 ms behind at 4 ms a tick.
_LATE_TICKS: Final = 5

# A cut is a call of the kernel by this process, and an abort takes away the name that its last step needs: no
# cut happens after that. This is how long an abort waits for the thread, to leave none of its files behind.
REQUEST_LIFE_S: Final = 1.0


class StoreSettings(BaseModel):
    """A store has no settings beyond its address."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReflinkProvider(Provider, Cloner, Presenter):
    """A folder with LUN files, on a file system whose files can share blocks."""

    kind: ClassVar[str] = "software-reflink"
    settings_model: ClassVar[type[BaseModel]] = StoreSettings
    needs_secret: ClassVar[bool] = False
    capabilities: Capabilities = Capabilities(
        max_volumes_per_cut=VOLUMES_PER_CUT,
        clock_precision_s=0.02,
        request_life_s=REQUEST_LIFE_S,
        atomic_cut=False,
        clones=True,
        presents=True,
    )

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        StoreSettings.model_validate(settings)
        address = urlsplit(context.url)
        folder = store_folder(unquote(address.path))
        if address.scheme != "file" or address.netloc or address.query or address.fragment or folder is None:
            what = f"the address {context.url} is not of the form file:///folder"
            raise BadInput("input.bad-settings", what, subject=context.name)
        self.local_paths = (folder,)
        self._store = Store(folder, context.name)
        self._armed: dict[str, ArmedFiles] = {}
        self._arming: dict[str, threading.Event] = {}
        self._lock = asyncio.Lock()

    async def connect(self) -> None:
        """Prove that the store can be used, and adjust the claims to it.

        Raises:
            ArrayRejected: `array.store-not-usable`, `array.cannot-reflink`.
        """
        await in_thread(self._store.open)
        self.capabilities = replace(
            self.capabilities,
            clock_precision_s=_LATE_TICKS * kernel.clock_grain_s(),
            atomic_cut=self._store.one_subvolume,
        )

    async def close(self) -> None:
        """Close every file. What is armed stays on the disk until it is aborted."""
        armed, self._armed = list(self._armed.values()), {}
        for item in armed:
            with suppress(OrchestratorError, asyncio.CancelledError):
                await in_thread(item.finish, REQUEST_LIFE_S)

    # ---------------------------------------------------------------- looking

    async def identify(self) -> ArrayIdentity:
        """Tell which store this is."""
        return self._store.identity

    async def clock(self) -> ClockSample:
        """Touch the file system, and read the clock that it takes its times from."""
        await in_thread(self._store.room_bytes)
        return ClockSample(datetime.now(UTC))

    async def missing_rights(self) -> Sequence[str]:
        """Name what the account may not do."""
        return await in_thread(rights.missing, self._store)

    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        """Find files by the device and inode that a loop device shows, or by serial number."""
        return await in_thread(self._locate, frozenset(lun_ids))

    def _locate(self, lun_ids: frozenset[str]) -> Mapping[str, ArrayVolume]:
        found: dict[str, ArrayVolume] = {}
        for item in (*self._store.lun_files(), *self._store.copies()):
            volume = item.array_volume
            serial = serial_lun_id(serial_of(self._store.array_id, item.name))
            found |= {lun_id: volume for lun_id in (volume.lun_id, serial) if lun_id in lun_ids}
        return found

    async def forecast(self, volumes: Sequence[ArrayVolume]) -> CutForecast | None:
        """Say how long a cut will take: it follows the number of extents."""
        return await in_thread(forecast.forecast, self._store, volumes)

    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        """List armed cuts, cuts, what is void of them, and clones whose names start with `prefix`."""
        return await in_thread(removing.owned, self._store, prefix)

    # ---------------------------------------------------------------- the cut

    async def arm(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> ArmedCut:
        """Open every file, flush the LUN files, and make the folder that the cut will rename."""
        folders = FolderNames.of(names)
        async with self._lock:
            if folders.stem not in self._armed:
                if len(self._armed) >= MOST_ARMED:
                    raise ArrayBusy(f"{MOST_ARMED} cuts are armed already", subject=self._store.subject)
                called_off = self._arming[folders.stem] = threading.Event()
                work = asyncio.to_thread(self._arm, volumes, folders, called_off)
                await to_its_end(work, on_cancel=called_off.set)
            armed = self._armed[folders.stem]
            if armed.volume_ids != {item.volume_id for item in volumes}:
                raise self._rejected("array.members-changed", f"{folders.stem} is armed with others")
            self.capabilities = replace(self.capabilities, atomic_cut=armed.atomic)
        return ArmedCut(names, tuple(volumes))

    def _arm(self, volumes: Sequence[ArrayVolume], folders: FolderNames, called_off: threading.Event) -> None:
        """Arm, and keep what is open where an abort finds it, even if nobody waits for it any more."""
        self._armed[folders.stem] = Arming(self._store, folders, called_off).arm(volumes)

    async def commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        """Cut: one call for the thread that waits for it. A cancelled one is undone by `abort`."""
        if not isinstance(token, CutToken):
            what = "a cut was asked for without a token"
            raise CutNotAuthorised("policy.cut-not-authorised", what, subject=self._store.subject)
        files = self._armed.get(armed.names.stem)
        if files is None:
            raise self._rejected("array.rejected", f"{armed.names.stem} is not armed")
        token.spend(self._store.array_id)
        return await asyncio.wrap_future(files.start())

    async def confirm(self, armed: ArmedCut, answer: CutAnswer) -> Sequence[CutMember]:
        """List the replicas, after they were written to disk."""
        async with self._lock:
            files = self._armed.pop(armed.names.stem, None)
            if files is not None:
                await in_thread(files.finish, REQUEST_LIFE_S)
            return await in_thread(confirming.confirm, self._store, armed)

    async def abort(self, armed: ArmedCut) -> None:
        """Take away the name that the cut needs, then wait for its thread, then remove what it made."""
        folders = FolderNames.of(armed.names)
        if folders.stem in self._arming:
            self._arming.pop(folders.stem).set()
        async with self._lock:
            await in_thread(self._abort, folders)

    def _abort(self, folders: FolderNames) -> None:
        files = self._armed.pop(folders.stem, None)
        try:
            removing.make_void(self._store, folders)
        finally:
            if files is not None:
                files.finish(REQUEST_LIFE_S)
        removing.remove_void(self._store, folders)

    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        """Remove exactly these. A clone that somebody has open stays, and so does what is not ours."""
        async with self._lock:
            return [
                replace(item, state=ObjectState.VOID_PENDING)
                for item in objects
                if not await self._delete(item)
            ]

    async def _delete(self, item: OwnedObject) -> bool:
        if item.kind is ObjectKind.CLONE:
            if await in_thread(clones.remove_clone, self._store, item):
                return True
            with suppress(ArrayRejected):  # in use: the second attempt finds that as well
                await self._withdraw(item.object_id, item.name)
            return await in_thread(clones.remove_clone, self._store, item)
        folder = folder_of_ours(item.name)
        if folder is not None and item.name == FolderNames(folder.stem).armed:
            files = self._armed.pop(folder.stem, None)
            if files is not None:
                await in_thread(files.finish, REQUEST_LIFE_S)
        return await in_thread(removing.remove_object, self._store, item)

    # ---------------------------------------------------------------- clones

    async def clone(self, members: Sequence[CutMember], names: ObjectNames) -> Sequence[Clone]:
        """Make one file per replica, which shares its blocks until either is written to."""
        async with self._lock:
            return await in_thread(clones.make_clones, self._store, members, names)

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        """Put a read-only loop device over each clone. What cannot be finished is undone."""
        async with self._lock:
            made: list[Path] = []
            try:
                return [await self._present(item, made) for item in volumes]
            except BaseException:
                await to_its_end(_take_back(made))
                raise

    async def _present(self, volume: ArrayVolume, made: list[Path]) -> Presentation:
        path = await in_thread(clones.find_clone, self._store, volume.volume_id, volume.name)
        if path is None:
            raise self._rejected("array.rejected", f"{volume.name} is no clone of this store")
        if not any(item.usable for item in await loop_devices.attached_to(path)):
            made.append(path)
        return Presentation(volume.volume_id, str(path), await loop_devices.attach(path))

    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        """Take the loop devices of clones away."""
        async with self._lock:
            for item in volumes:
                await self._withdraw(item.volume_id, item.name)

    async def _withdraw(self, clone_id: str, name: str) -> None:
        path = await in_thread(clones.find_clone, self._store, clone_id, name)
        if path is not None:
            await loop_devices.withdraw(path)

    def _rejected(self, code: str, what: str) -> ArrayRejected:
        return ArrayRejected(what, subject=self._store.subject, code=code)


async def _take_back(presented: Sequence[Path]) -> None:
    for path in presented:
        with suppress(ArrayError):
            await loop_devices.withdraw(path)
