"""Clones: thin images on top of replicas, shown read-only to this machine where that is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrator.model.arrays import ArrayVolume, Clone, CutMember, Presentation
from orchestrator.model.names import ObjectNames
from providers.qemu_block import stale
from providers.qemu_block.chain import Graph, Layer
from providers.qemu_block.daemon import Daemon
from providers.qemu_block.errors import Gone, unreachable
from providers.qemu_block.jobs import end_jobs
from providers.qemu_block.mounts import read_lun_ids
from providers.qemu_block.names import OverlayName, clone_name, stem_of_clone
from providers.qemu_block.store import Image
from providers.shared import loop_devices

_LEAVE_S: Final = 5.0
_LOOK_S: Final = 0.01


async def clone(daemon: Daemon, members: Sequence[CutMember], names: ObjectNames) -> Sequence[Clone]:
    """Make one clone per replica, numbered in the order of the replicas' names.

    Raises:
        ArrayRejected: a replica is gone, or a clone's name is taken by another one.
    """
    graph = await daemon.graph()
    given_up = await asyncio.to_thread(daemon.store.given_up)
    ordered = sorted(member.replica_name for member in members)
    replicas = {member.replica_id: _replica(daemon, graph, member, given_up) for member in members}
    made = []
    for member in members:
        name = clone_name(names, ordered.index(member.replica_name) + 1)
        made.append(Clone(member.replica_id, await _clone(daemon, name, replicas[member.replica_id])))
    return made


async def reopen_clone(daemon: Daemon, image: Image) -> Layer:
    """Return a clone's layer, opened again if the daemon was started anew since it was made.

    Raises:
        ArrayRejected: what it lies on is gone.
    """
    graph = await daemon.graph()
    layer = graph.layers.get(str(image.path))
    if layer is not None:
        return layer
    replica = graph.layers.get(image.below)
    if replica is None:
        raise daemon.rejected("array.rejected", f"what the clone {image.name} lies on is not open")
    await daemon.monitor.change(
        "blockdev-add",
        {
            "driver": "qcow2",
            "node-name": image.name,
            "read-only": True,
            "file": {"driver": "file", "filename": str(image.path)},
            "backing": replica.node,
        },
    )
    return Layer(image.name, str(image.path), "qcow2", image.size_bytes, replica.file)


async def present(daemon: Daemon, name: str) -> Presentation:
    """Show a clone at its place in the folder, and on a read-only loop device.

    Raises:
        ArrayRejected: there is no such clone.
    """
    image = await _image(daemon, name)
    if image is None:
        raise daemon.rejected("array.rejected", f"there is no clone {name}")
    layer = await reopen_clone(daemon, image)
    place = daemon.store.mount_point(name)
    if not await _presented(daemon, name):
        await asyncio.to_thread(place.touch)
        await daemon.monitor.change(
            "block-export-add",
            {
                "type": "fuse",
                "id": name,
                "node-name": layer.node,
                "mountpoint": str(place),
                "writable": False,
            },
        )
    return Presentation(name, str(place), await loop_devices.attach(place))


async def withdraw(daemon: Daemon, name: str) -> None:
    """Undo `present`. What is not presented is success.

    Raises:
        ArrayRejected: `array.in-use`.
        ArrayError: the daemon does not end the export.
    """
    if stem_of_clone(name) is None:
        return  # none of ours, so we cannot have presented it
    place = daemon.store.mount_point(name)
    if await _presented(daemon, name):
        await loop_devices.withdraw(place)
        if await asyncio.to_thread(_is_open, place) or await loop_devices.attached_to(place):
            raise daemon.rejected("array.in-use", f"somebody has {place} open")
    with suppress(Gone):
        await daemon.monitor.change("block-export-del", {"id": name})
    try:
        async with asyncio.timeout(_LEAVE_S):
            while str(place) in await asyncio.to_thread(read_lun_ids):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        failure = unreachable(f"{name} is still shown", daemon.monitor.subject)
    else:
        await asyncio.to_thread(daemon.store.remove, place)
        return
    raise failure


async def delete_clone(daemon: Daemon, name: str) -> None:
    """Withdraw a clone, close its node, delete its image. One that is gone is success.

    Raises:
        ArrayRejected: `array.in-use`.
    """
    await end_jobs(daemon.monitor, f"{name}.")
    await withdraw(daemon, name)
    with suppress(Gone):
        await daemon.monitor.change("blockdev-del", {"node-name": name})
    path = daemon.store.clone_path(name)
    if str(path) in (await daemon.graph()).layers:
        raise daemon.rejected("array.in-use", f"the daemon still has {name} open")
    await asyncio.to_thread(daemon.store.remove, path)


async def _presented(daemon: Daemon, name: str) -> bool:
    """Whether a clone is shown. What a daemon that was killed has left in its place is taken away."""
    if name in (await daemon.graph()).presented:
        return True
    place = daemon.store.mount_point(name)
    if str(place) in await asyncio.to_thread(read_lun_ids):
        await stale.clear(place)
    return False


def _replica(daemon: Daemon, graph: Graph, member: CutMember, given_up: frozenset[str]) -> Layer:
    """Return the layer that a replica is now."""
    overlay = OverlayName.parse(member.replica_id)
    place = None if overlay is None else graph.place(str(daemon.store.overlay_path(overlay)))
    if overlay is None or place is None or overlay.stem in given_up:
        raise daemon.rejected("array.rejected", f"the replica {member.replica_name} is gone")
    return graph.chain(place[0])[place[1] + 1]


async def _clone(daemon: Daemon, name: str, replica: Layer) -> ArrayVolume:
    image = await _image(daemon, name)
    if image is not None and not image.below:  # its making was interrupted
        await delete_clone(daemon, name)
        image = None
    if image is None:
        path = daemon.store.clone_path(name)
        await daemon.make_image(name, path, replica, replica.size_bytes)
        image = Image(path, replica.file, replica.size_bytes, empty=True)
    elif image.below != replica.file:
        raise daemon.rejected("array.name-taken", f"{name} is the clone of another replica")
    layer = await reopen_clone(daemon, image)
    return ArrayVolume(name, name, "", layer.size_bytes, ours=True)


async def _image(daemon: Daemon, name: str) -> Image | None:
    clones = await asyncio.to_thread(daemon.store.clones)
    return next((image for image in clones if image.name == name), None)


def _is_open(place: Path) -> bool:
    """Whether a process has a file open, by what the kernel says of all descriptors that we may see."""
    return any(_leads_to(link, str(place)) for link in _descriptors())


def _descriptors() -> Iterable[Path]:
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):  # the process has ended, or is not ours to look at
            yield from folder.iterdir()


def _leads_to(link: Path, path: str) -> bool:
    try:
        return str(link.readlink()) == path
    except OSError:
        return False
