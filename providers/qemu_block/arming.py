"""Everything slow before a cut: an empty overlay for each array volume, made, on disk, and open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import ArrayBusy, OrchestratorError
from orchestrator.model.arrays import ArmedCut, ArrayVolume
from orchestrator.model.names import ObjectNames
from providers.qemu_block.chain import Graph, Layer
from providers.qemu_block.daemon import Daemon
from providers.qemu_block.jobs import end_jobs
from providers.qemu_block.names import OverlayName
from providers.qemu_block.store import Image, Overlay

_FORMATS: Final = ("raw", "qcow2", "file", "host_device")


@dataclass(frozen=True, slots=True)
class Member:
    """One planned overlay, and the active layer it is to lie on."""

    overlay: OverlayName
    below: Layer


def planned(volumes: Sequence[ArrayVolume], names: ObjectNames) -> list[OverlayName]:
    """Return the overlays of a cut, numbered in the order of the array volumes' ids."""
    ordered = sorted(volume.volume_id for volume in volumes)
    return [OverlayName(names.stem, number, volume_id) for number, volume_id in enumerate(ordered, 1)]


async def arm(
    daemon: Daemon, volumes: Sequence[ArrayVolume], names: ObjectNames, reserve_bytes: int
) -> ArmedCut:
    """Make what is not there yet. The armed cut's handle says which node and file each overlay goes on.

    Raises:
        ArrayError: `array.full`, `array.name-taken`, `array.volume-not-supported`, `array.busy`, or the
            daemon's own refusal.
    """
    await end_jobs(daemon.monitor, f"{names.stem}.")
    graph = await daemon.graph()
    members = [_member(daemon, graph, overlay) for overlay in planned(volumes, names)]
    free_bytes = await asyncio.to_thread(daemon.store.free_bytes)
    if free_bytes < reserve_bytes * len(members):
        what = f"{free_bytes >> 20} MiB free; {reserve_bytes >> 20} are wanted for each array volume"
        raise daemon.rejected("array.full", what)
    overlays = await asyncio.to_thread(daemon.store.overlays)
    for member in members:
        await _make(daemon, graph, member, overlays)
    return ArmedCut(
        names,
        tuple(volumes),
        {each.overlay.volume_id: f"{each.below.node} {each.below.file}" for each in members},
    )


def _member(daemon: Daemon, graph: Graph, overlay: OverlayName) -> Member:
    active = graph.shown.get(overlay.volume_id)
    if active is None:
        raise _unsupported(daemon, overlay, "it is not exported any more")
    bottom = graph.chain(overlay.volume_id)[-1]
    if active.format not in _FORMATS or not Path(active.file).is_absolute():
        raise _unsupported(daemon, overlay, f"it is no file of this machine but {active.file}")
    if bottom.format not in _FORMATS:
        raise _unsupported(daemon, overlay, f"it lies on {bottom.format}")
    return Member(overlay, active)


async def _make(daemon: Daemon, graph: Graph, member: Member, overlays: Sequence[Overlay]) -> None:
    path = daemon.store.overlay_path(member.overlay)
    if graph.place(str(path)) is not None:
        raise daemon.rejected("array.name-taken", f"{member.overlay} is part of a chain already")
    # Never two overlays on one layer: whoever starts the daemon again must not have to choose.
    rivals = [
        each.name for each in overlays if each.image.below == member.below.file and each.image.path != path
    ]
    if rivals:
        what = f"{rivals[0]} is made for the same layer: another run is armed, or one waits to be recovered"
        raise ArrayBusy(what, subject=daemon.monitor.subject)
    layer = graph.layers.get(str(path))
    found = next((each.image for each in overlays if each.image.path == path), None)
    if layer is None and found is not None and not _fits(found, member):
        await asyncio.to_thread(daemon.store.remove, path)  # ours, and its making was interrupted
        found = None
    if found is None:
        await daemon.make_image(member.overlay.node, path, member.below, member.below.size_bytes)
    elif not _fits(found, member):
        raise daemon.rejected("array.members-changed", f"{member.overlay} was armed on another layer")
    if layer is None:
        await daemon.monitor.change(
            "blockdev-add",
            {
                "driver": "qcow2",
                "node-name": member.overlay.node,
                "file": {"driver": "file", "filename": str(path)},
                "backing": None,
            },
        )


def _fits(image: Image, member: Member) -> bool:
    wanted = (member.below.file, member.below.size_bytes)
    return image.empty and (image.below, image.size_bytes) == wanted


def _unsupported(daemon: Daemon, overlay: OverlayName, reason: str) -> OrchestratorError:
    what = f"{overlay.volume_id} cannot be cut: {reason}"
    return daemon.rejected("array.volume-not-supported", what)
