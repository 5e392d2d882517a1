"""Which objects of ours there are, from files and nodes alone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from orchestrator.model.arrays import ObjectKind, ObjectState, OwnedObject
from providers.qemu_block.chain import Graph
from providers.qemu_block.names import cut_name, stem_of_clone, stem_of_overlays
from providers.qemu_block.store import Image, Overlay


def kind_of(overlay: Overlay, graph: Graph) -> ObjectKind:
    """Tell what an overlay is part of: a cut, or a consistency group as long as it was never cut."""
    cut = graph.place(overlay.file) is not None or not overlay.image.empty
    return ObjectKind.CUT if cut else ObjectKind.CONSISTENCY_GROUP


def owned_objects(
    overlays: Sequence[Overlay], clones: Sequence[Image], graph: Graph, given_up: Collection[str]
) -> list[OwnedObject]:
    """List consistency groups, cuts, and clones.

    A cut is void once it was given up, and when an overlay of it holds data but is in no chain: nobody can
    tell any more what it is worth, so it is neither a copy nor deleted.
    """
    found = {}
    void = set(given_up)
    for overlay in overlays:
        kind, stem = kind_of(overlay, graph), overlay.name.stem
        name = cut_name(stem) if kind is ObjectKind.CUT else stem
        found[name] = OwnedObject(kind, name, name)
        if kind is ObjectKind.CUT and graph.place(overlay.file) is None:
            void.add(stem)
    for stem in void:
        if item := found.get(cut_name(stem)):
            found[item.name] = OwnedObject(item.kind, item.object_id, item.name, ObjectState.VOID_PENDING)
    for name in {clone.name for clone in clones} | set(graph.presented):
        found[name] = OwnedObject(ObjectKind.CLONE, name, name)
    return sorted(found.values(), key=lambda item: item.name)


def stem_of(item: OwnedObject) -> str | None:
    """Return the attempt that an object belongs to; None when it is none of ours."""
    return stem_of_clone(item.name) if item.kind is ObjectKind.CLONE else stem_of_overlays(item.name)
