"""What the daemon's own nodes say about a cut after the thaw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orchestrator.model.arrays import ArmedCut, CutMember
from providers.qemu_block.arming import planned
from providers.qemu_block.chain import Graph
from providers.qemu_block.daemon import Daemon
from providers.qemu_block.names import OverlayName


async def confirm(daemon: Daemon, armed: ArmedCut, cut_at: datetime) -> Sequence[CutMember]:
    """List the replicas of a cut: exactly the planned ones.

    Raises:
        ArrayRejected: `array.partial-cut` when an array volume was not cut, `array.members-changed` when its
            layers were edited since, or another one has an overlay of this cut.
    """
    graph = await daemon.graph()
    members = planned(armed.volumes, armed.names)
    for overlay in members:
        _check(daemon, graph, overlay, armed.handle[overlay.volume_id])
    mine = {overlay.volume_id for overlay in members}
    for volume_id in graph.shown.keys() - mine:
        for layer in graph.chain(volume_id):
            if layer.node.startswith(f"{armed.names.stem}."):
                raise daemon.rejected("array.members-changed", f"{volume_id} was cut, but never planned")
    return [CutMember(each.volume_id, str(each), str(each), cut_at) for each in members]


def _check(daemon: Daemon, graph: Graph, overlay: OverlayName, armed_on: str) -> None:
    """Demand that the overlay is the active layer, right on top of the layer it was armed on."""
    file = str(daemon.store.overlay_path(overlay))
    chain = graph.chain(overlay.volume_id)
    if not any(layer.file == file for layer in chain):
        raise daemon.rejected("array.partial-cut", f"{overlay.volume_id} was not cut")
    node, _, below = armed_on.partition(" ")
    found = [(layer.node, layer.file) for layer in chain[:2]]
    if found != [(overlay.node, file), (node, below)]:
        what = f"somebody edits the layers of {overlay.volume_id}: the active one is {chain[0].node}"
        raise daemon.rejected("array.members-changed", what)
