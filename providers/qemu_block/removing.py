"""Removing what an attempt made: overlays that were never cut, cuts merged away, clones.

Nothing is deleted before the daemon itself has let go of it, and nothing that may hold a host's newest bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ObjectKind
from providers.qemu_block.chain import Fate, Graph, Layer, fate
from providers.qemu_block.clones import reopen_clone
from providers.qemu_block.daemon import Daemon
from providers.qemu_block.errors import Gone, InUse
from providers.qemu_block.jobs import end_jobs, run_job
from providers.qemu_block.owning import kind_of
from providers.qemu_block.store import Overlay

# A cut request that was under way may take effect between our look and our deed; then we look again.
_LOOKS: Final = 3

_BOTH: Final = (ObjectKind.CONSISTENCY_GROUP, ObjectKind.CUT)


async def remove_overlays(daemon: Daemon, stem: str, kinds: Collection[ObjectKind] = _BOTH) -> bool:
    """Remove the overlays of an attempt; tell whether none is left.

    What is left is the active layer of an array volume, or may be: it stays in use and is noted as void.

    Args:
        daemon: where.
        stem: of the attempt.
        kinds: those of a cut, those that were never cut, or both.

    Raises:
        ArrayRejected: `array.in-use`; a clone still lies on a replica of the cut. Nothing was removed.
        ArrayError: the daemon refused, or did not answer.
    """
    await end_jobs(daemon.monitor, f"{stem}.")
    await _demand_no_clones(daemon, stem, kinds)
    for look in range(_LOOKS):
        try:
            return await _remove_all(daemon, stem, kinds)
        except InUse:
            if look + 1 == _LOOKS:
                raise
    raise AssertionError  # the last look returns or raises


async def sweep(daemon: Daemon, prefix: str) -> None:
    """Remove the rest of void cuts where newer layers have come on top since; errors are left for next time.

    Args:
        daemon: where.
        prefix: what the names of the installation whose cuts they are start with.
    """
    for stem in sorted(await asyncio.to_thread(daemon.store.given_up)):
        if stem.startswith(prefix):
            with suppress(ArrayRejected):
                await remove_overlays(daemon, stem)


async def _demand_no_clones(daemon: Daemon, stem: str, kinds: Collection[ObjectKind]) -> None:
    graph = await daemon.graph()
    clones = await asyncio.to_thread(daemon.store.clones)
    for overlay in await _overlays(daemon, graph, stem, kinds):
        place = graph.place(overlay.file)
        if place is None:
            continue
        replica = graph.chain(place[0])[place[1] + 1]
        held = [clone.name for clone in clones if clone.below == replica.file]
        if held:
            raise daemon.rejected("array.in-use", f"the clone {held[0]} lies on {overlay.name}")


async def _remove_all(daemon: Daemon, stem: str, kinds: Collection[ObjectKind]) -> bool:
    kept = False
    for overlay in await _overlays(daemon, await daemon.graph(), stem, kinds):
        graph = await daemon.graph()  # anew each time: removing one changes it
        match await _fate(daemon, graph, overlay):
            case Fate.KEEP:
                await asyncio.to_thread(daemon.store.give_up, stem)
                kept = True
            case Fate.MERGE:
                await _merge(daemon, graph, overlay)
                await _drop(daemon, overlay)
            case Fate.DROP:
                await _drop(daemon, overlay)
    if not kept and ObjectKind.CUT in kinds:
        await asyncio.to_thread(daemon.store.forget, stem)
    return not kept


async def _overlays(
    daemon: Daemon, graph: Graph, stem: str, kinds: Collection[ObjectKind]
) -> Sequence[Overlay]:
    found = await asyncio.to_thread(daemon.store.overlays)
    return [each for each in found if each.name.stem == stem and kind_of(each, graph) in kinds]


async def _fate(daemon: Daemon, graph: Graph, overlay: Overlay) -> Fate:
    overlays = await asyncio.to_thread(daemon.store.overlays)
    clones = await asyncio.to_thread(daemon.store.clones)
    named_below = {each.image.below for each in overlays} | {each.below for each in clones}
    (empty,) = (each.image.empty for each in overlays if each.file == overlay.file)
    return fate(overlay.file, overlay.name.volume_id, graph, empty=empty, named_below=named_below)


async def _merge(daemon: Daemon, graph: Graph, overlay: Overlay) -> None:
    """Move an overlay's bytes into the layer below it. What lies on the overlay lies on that one then."""
    place = graph.place(overlay.file)
    assert place is not None  # noqa: S101 - it would not be merged otherwise
    chain, depth = graph.chain(place[0]), place[1]
    for clone in await asyncio.to_thread(daemon.store.clones):
        if clone.below == overlay.file:  # the daemon rewrites the heads of what it has open, and no others
            await reopen_clone(daemon, clone)
    await run_job(
        daemon.monitor,
        "block-commit",
        f"{overlay.name.node}.merge",
        {
            "device": chain[0].node,
            "top-node": chain[depth].node,
            "base-node": chain[depth + 1].node,
            "backing-file": chain[depth + 1].file,
            "auto-dismiss": False,
        },
    )


async def _drop(daemon: Daemon, overlay: Overlay) -> None:
    """Close an overlay's node, see that nothing has its file open, and delete the file."""
    layer = await _layer(daemon, overlay)
    if layer is not None:
        with suppress(Gone):
            await daemon.monitor.change("blockdev-del", {"node-name": layer.node})
        if await _layer(daemon, overlay) is not None:
            raise InUse(f"{overlay.name} stays open", subject=daemon.monitor.subject, code="array.in-use")
    await asyncio.to_thread(daemon.store.remove, overlay.image.path)


async def _layer(daemon: Daemon, overlay: Overlay) -> Layer | None:
    return (await daemon.graph()).layers.get(overlay.file)
