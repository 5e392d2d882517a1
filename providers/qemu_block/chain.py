"""The daemon's nodes as chains of layers, and what may become of each overlay of ours. Pure.

An array volume is an export; its chain runs from the *active* layer, which takes the host's writes, down to
the file it all began with. A cut puts an empty overlay of ours on top. From then on the layer below it is the
replica, so a replica bears the name of the overlay above it. To delete a cut is to merge its overlay into the
layer below: all other replicas keep their contents, whichever order cuts are deleted in.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from providers.qemu_block.names import stem_of_clone

# Drivers that are the way to a file, not what is in it.
_PROTOCOLS: Final = ("file", "host_device")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ExportRow(_Row):
    """One export, as `query-block-exports` lists it."""

    id: str
    type: str
    node: str = Field(alias="node-name")
    leaving: bool = Field(alias="shutting-down")


class ImageRow(_Row):
    """What is in a node."""

    size_bytes: int = Field(alias="virtual-size")


class NodeRow(_Row):
    """One node, as `query-named-block-nodes` lists it."""

    node: str = Field(alias="node-name")
    driver: str = Field(alias="drv")
    file: str
    backing_file: str | None = None
    image: ImageRow


@dataclass(frozen=True, slots=True)
class Layer:
    """One node with contents.

    Attributes:
        node: its name in the daemon.
        file: path of its file; how the layer is known after a restart, when node names may differ.
        format: "raw" or "qcow2".
        size_bytes: of the disk inside.
        below: the file it reads what it does not hold from; empty for none *in the daemon*: an overlay that
            has not been cut yet names one in its head only.
    """

    node: str
    file: str
    format: str
    size_bytes: int
    below: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything the daemon has open.

    Attributes:
        layers: by file.
        shown: the active layer of each array volume, by the export's id.
        presented: likewise of each clone of ours.
    """

    layers: Mapping[str, Layer]
    shown: Mapping[str, Layer]
    presented: Mapping[str, Layer]

    @classmethod
    def of(cls, exports: Iterable[ExportRow], nodes: Iterable[NodeRow]) -> Graph:
        """Put together what the daemon lists.

        Raises:
            ValueError: it contradicts itself.
        """
        by_node = {row.node: _layer(row) for row in nodes}
        # Of a file and the format on top of it, which share the path, the format is the layer.
        formats = {layer.file: layer for layer in by_node.values() if layer.format not in _PROTOCOLS}
        protocols = {layer.file: layer for layer in by_node.values()}
        nodes_shown = {row.id: row.node for row in exports if row.type == "fuse" and not row.leaving}
        if missing := set(nodes_shown.values()) - by_node.keys():
            raise ValueError(f"exports show nodes that are not there: {', '.join(sorted(missing))}")
        shown = {export: by_node[node] for export, node in nodes_shown.items()}
        clones = {export: layer for export, layer in shown.items() if stem_of_clone(export)}
        volumes = {export: layer for export, layer in shown.items() if export not in clones}
        return cls(protocols | formats, volumes, clones)

    def chain(self, volume_id: str) -> tuple[Layer, ...]:
        """Return the layers of an array volume, the active one first; empty when there is no such export.

        Raises:
            ValueError: a layer lies on a file that no node has open.
        """
        found: list[Layer] = []
        layer = self.shown.get(volume_id)
        while layer is not None:
            found.append(layer)
            if layer.below and layer.below not in self.layers:
                raise ValueError(f"{layer.node} lies on {layer.below}, which no node has open")
            layer = self.layers.get(layer.below)
        return tuple(found)

    def place(self, file: str) -> tuple[str, int] | None:
        """Return the array volume whose chain holds a file, and how many layers lie above it."""
        for export in self.shown:
            for depth, layer in enumerate(self.chain(export)):
                if layer.file == file:
                    return export, depth
        return None


class Fate(Enum):
    """What removing an overlay means now."""

    DROP = auto()  # nothing needs its bytes: close its node, delete its file
    MERGE = auto()  # move its bytes into the layer below first
    KEEP = auto()  # the host's newest bytes are, or may be, in it alone


def fate(
    file: str, volume_id: str, graph: Graph, *, empty: bool, named_below: Collection[str] = frozenset()
) -> Fate:
    """Decide about one overlay of ours.

    Args:
        file: the overlay's.
        volume_id: of the array volume it was made for.
        graph: the daemon's nodes.
        empty: nothing was ever written to the overlay.
        named_below: files that the heads of other images name as what they lie on.
    """
    place = graph.place(file)
    if place is not None:
        # QEMU cannot merge an active layer under a writable FUSE export: both want to say how long it is.
        return Fate.KEEP if place[1] == 0 else Fate.MERGE
    layer = graph.layers.get(file)
    if layer is not None and layer.below:  # merged already, unless its export is only away for a while
        above = graph.place(layer.below)
        return Fate.DROP if above is not None and above[0] == volume_id and above[1] > 0 else Fate.KEEP
    return Fate.DROP if empty and file not in named_below else Fate.KEEP


def path_of(file: str) -> str:
    """Return the path in what the daemon calls a file: a path, or options in JSON that hold one."""
    if not file.startswith("json:"):
        return file
    options = json.loads(file.removeprefix("json:"))
    while isinstance(options, dict) and "filename" not in options:
        options = options.get("file")
    return str(options["filename"]) if isinstance(options, dict) else file


def _layer(row: NodeRow) -> Layer:
    return Layer(
        row.node, path_of(row.file), row.driver, row.image.size_bytes, path_of(row.backing_file or "")
    )
