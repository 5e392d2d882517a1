"""A qemu-storage-daemon as an array: truly atomic cuts of array volumes that hosts use over FUSE exports."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from orchestrator.errors import ArrayRejected, BadInput
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
from orchestrator.model.names import ObjectNames, installation_prefix
from orchestrator.plugin import ClockSample, Cloner, CutToken, Presenter, Provider, ProviderContext
from providers.qemu_block import arming, clones, removing
from providers.qemu_block.chain import Graph, Layer
from providers.qemu_block.client import Monitor
from providers.qemu_block.confirming import confirm
from providers.qemu_block.daemon import Daemon
from providers.qemu_block.errors import refused_cut
from providers.qemu_block.mounts import read_lun_ids
from providers.qemu_block.names import cut_name
from providers.qemu_block.owning import owned_objects, stem_of
from providers.qemu_block.store import Store
from providers.shared.loop_devices import losetup_found

# The daemon reads one client of a monitor after the other and executes its commands in order: once anything
# is answered on our monitor, every earlier request has been executed or thrown away (measured; README).
REQUEST_LIFE_S: Final = 1.0

# As many as a shadow copy set holds host volumes; measured. The daemon itself knows no limit.
VOLUMES_PER_CUT: Final = 64

# QMP's answer carries no time, so the cut is somewhere between our request and its answer, on this machine's
# clock. Longer exchanges make the claim of that provider object coarser.
CLOCK_PRECISION_S: Final = 0.05

# Over three times what was measured on two slow cores (README).
FORECAST_S: Final = 0.01
FORECAST_EACH_S: Final = 0.002

NEEDED: Final = (
    "block-commit",
    "block-export-add",
    "block-export-del",
    "blockdev-add",
    "blockdev-create",
    "blockdev-del",
    "job-dismiss",
    "query-block-exports",
    "query-jobs",
    "query-named-block-nodes",
    "transaction",
)


class QemuBlockSettings(BaseModel):
    """Settings of a storage daemon beyond the path of its monitor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exports: Path = Field(
        description="Folder of the mount points of the daemon's FUSE exports, each named by its export's id."
    )
    folder: Path = Field(
        description="Folder on this machine for overlays and clones. It grows with what hosts write."
    )
    reserve_mib: int = Field(
        default=64,
        ge=0,
        description="How much must be free in the folder, for each array volume of a cut, in MiB.",
    )

    @field_validator("exports", "folder")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        if not path.is_absolute():
            raise ValueError("the path must be absolute: the daemon has another working folder")
        return path


class QemuBlockProvider(Provider, Cloner, Presenter):
    """qemu-storage-daemon 7.2 or later, with a QMP monitor on a unix socket, on this machine."""

    kind: ClassVar[str] = "qemu-block"
    settings_model: ClassVar[type[BaseModel]] = QemuBlockSettings
    needs_secret: ClassVar[bool] = False
    capabilities: Capabilities = Capabilities(
        max_volumes_per_cut=VOLUMES_PER_CUT,
        clock_precision_s=CLOCK_PRECISION_S,
        request_life_s=REQUEST_LIFE_S,
        atomic_cut=True,
        clones=True,
        presents=True,
    )

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        address = urlsplit(context.url)
        if address.scheme != "unix" or address.netloc or address.query or not address.path.startswith("/"):
            what = f"the address {context.url} is not of the form unix:///path/to/qmp.sock"
            raise BadInput("input.bad-settings", what, subject=context.name)
        self._settings = QemuBlockSettings.model_validate(settings)
        self._daemon = Daemon(
            Monitor(unquote(address.path), context.name),
            Store(self._settings.folder, context.name),
            self._settings.exports,
        )
        self._name = context.name
        self._array_id = ""
        self._cut_at: dict[str, datetime] = {}
        self.local_paths = (self._settings.folder, self._settings.exports)

    async def connect(self) -> None:
        """Connect, and look where the array volumes lie.

        Raises:
            ArrayError: `array.store-not-usable`, or the daemon does not answer.
        """
        try:
            await self._daemon.monitor.open()
            self._array_id = await asyncio.to_thread(self._daemon.store.open)
            graph = await self._daemon.graph()
            files = {Path(layer.file).parent for each in graph.shown for layer in graph.chain(each)}
            own = (self._settings.folder, self._settings.exports)
            self.local_paths = (*own, *sorted(path for path in files if path.is_absolute()))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Drop the connection."""
        await self._daemon.monitor.close()

    # ---------------------------------------------------------------- looking

    async def identify(self) -> ArrayIdentity:
        """Tell which array this is: the folder's id, since the daemon has none."""
        version = await self._daemon.monitor.ask("query-version")
        try:
            words = ".".join(str(version["qemu"][part]) for part in ("major", "minor", "micro"))
        except (KeyError, TypeError):
            raise self._daemon.bad_answer("the answer to query-version names no version") from None
        return ArrayIdentity(self._array_id, self._name, "qemu-storage-daemon", words, emulated=False)

    async def clock(self) -> ClockSample:
        """Read this machine's wall clock, right after an answer of the daemon."""
        await self._daemon.monitor.ask("query-version")
        return ClockSample(datetime.now(UTC))

    async def missing_rights(self) -> Sequence[str]:
        """Name the commands the daemon lacks, and what this account may not do on this machine."""
        rows = await self._daemon.monitor.ask("query-commands")
        commands = {row.get("name") for row in rows}
        missing = [f"QMP command {name}" for name in NEEDED if name not in commands]
        return (*missing, *await asyncio.to_thread(_missing_here, self._settings.folder))

    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        """Find the exports behind LUN identities; presented clones of ours too."""
        graph = await self._daemon.graph()
        mounted = await asyncio.to_thread(read_lun_ids)
        found = {
            lun_id: ArrayVolume(volume_id, volume_id, lun_id, layer.size_bytes, ours=ours)
            for volume_id, layer, place, ours in self._places(graph)
            if (lun_id := mounted.get(str(place)))
        }
        return {lun_id: found[lun_id] for lun_id in lun_ids if lun_id in found}

    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        """List armed overlays, cuts and clones whose names start with `prefix`."""
        graph, store = await self._daemon.graph(), self._daemon.store
        overlays = await asyncio.to_thread(store.overlays)
        images = await asyncio.to_thread(store.clones)
        given_up = await asyncio.to_thread(store.given_up)
        every = owned_objects(overlays, images, graph, given_up)
        return [item for item in every if item.name.startswith(prefix)]

    async def forecast(self, volumes: Sequence[ArrayVolume]) -> CutForecast | None:
        """Say what a cut takes at most on a quiet machine. What a host has not flushed yet comes on top."""
        basis = "2 to 7 ms measured for 2 to 8 array volumes without dirty data"
        return CutForecast(FORECAST_S + FORECAST_EACH_S * len(volumes), basis)

    # ---------------------------------------------------------------- the cut

    async def arm(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> ArmedCut:
        """Make an empty overlay for each array volume, and open it."""
        return await arming.arm(self._daemon, volumes, names, self._settings.reserve_mib << 20)

    async def commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        """Put all overlays on top at one instant: one request, on a warm connection."""
        stem = armed.names.stem
        overlays = [
            (armed.handle[each.volume_id].partition(" ")[0], each.node)
            for each in arming.planned(armed.volumes, armed.names)
        ]
        asked_at = datetime.now(UTC)
        try:
            await self._daemon.monitor.cut(overlays, token=token, array_id=self._array_id)
        except ArrayRejected as error:
            raise refused_cut(error, stem) from error
        half = (datetime.now(UTC) - asked_at) / 2
        self._cut_at[stem] = asked_at + half
        if half.total_seconds() > self.capabilities.clock_precision_s:
            self.capabilities = replace(self.capabilities, clock_precision_s=half.total_seconds())
        return CutAnswer(cut_name(stem), cut_name(stem))

    async def confirm(self, armed: ArmedCut, answer: CutAnswer) -> Sequence[CutMember]:
        """List the replicas of the cut, by the daemon's own nodes.

        Raises:
            ArrayRejected: `array.partial-cut`, `array.members-changed`.
        """
        cut_at = self._cut_at.get(armed.names.stem)
        if cut_at is None or answer.cut_name != cut_name(armed.names.stem):
            raise self._daemon.bad_answer(f"no cut {answer.cut_name} was answered to us")
        return await confirm(self._daemon, armed, cut_at)

    # ---------------------------------------------------------------- removing

    async def abort(self, armed: ArmedCut) -> None:
        """Close what was armed, so that a cut request still under way fails, and take back what was cut."""
        stem = armed.names.stem
        for name in await self._clones_of(stem):
            await clones.delete_clone(self._daemon, name)
        await removing.remove_overlays(self._daemon, stem)
        await removing.sweep(self._daemon, installation_prefix(armed.names.installation))

    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        """Delete exactly these, clones first.

        A cut comes back as void while a layer of it is the active one of an array volume: the daemon cannot
        merge that one. The next removal after a newer cut takes it away.
        """
        kept = []
        for item in sorted(objects, key=lambda item: item.kind is not ObjectKind.CLONE):
            if not await self._delete(item):
                kept.append(replace(item, state=ObjectState.VOID_PENDING))
        for installation in sorted({item.name.split("-")[1] for item in objects if stem_of(item)}):
            await removing.sweep(self._daemon, installation_prefix(installation))
        return kept

    async def _delete(self, item: OwnedObject) -> bool:
        """Delete one object; tell whether nothing of it is left. What is none of ours is not touched."""
        stem = stem_of(item)
        if stem is None:
            return True
        if item.kind is ObjectKind.CLONE:
            await clones.delete_clone(self._daemon, item.name)
            return True
        return await removing.remove_overlays(self._daemon, stem, (item.kind,))

    # ---------------------------------------------------------------- clones

    async def clone(self, members: Sequence[CutMember], names: ObjectNames) -> Sequence[Clone]:
        """Make one clone per replica, numbered in the order of the replicas' names."""
        return await clones.clone(self._daemon, members, names)

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        """Show clones in the folder, and on read-only loop devices."""
        return [await clones.present(self._daemon, volume.volume_id) for volume in volumes]

    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        """Undo `present`."""
        for volume in volumes:
            await clones.withdraw(self._daemon, volume.volume_id)

    # ---------------------------------------------------------------- steps of the above

    async def _clones_of(self, stem: str) -> Sequence[str]:
        owned = await self.owned(f"{stem}-")
        return [item.name for item in owned if item.kind is ObjectKind.CLONE and stem_of(item) == stem]

    def _places(self, graph: Graph) -> Iterable[tuple[str, Layer, Path, bool]]:
        """Return each export's id, active layer and mount point, and whether it is a clone of ours."""
        for volume_id, layer in graph.shown.items():
            yield volume_id, layer, self._daemon.exports / volume_id, False
        for name, layer in graph.presented.items():
            yield name, layer, self._daemon.store.mount_point(name), True


def _missing_here(folder: Path) -> Sequence[str]:
    wanted = {
        f"writing to {folder}": os.access(folder, os.R_OK | os.W_OK | os.X_OK),
        "making loop devices (root)": os.geteuid() == 0,
        "the program losetup": losetup_found(),
    }
    return [right for right, there in wanted.items() if not there]
