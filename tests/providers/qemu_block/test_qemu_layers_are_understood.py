from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from orchestrator.model.arrays import ObjectKind, ObjectState, OwnedObject
from orchestrator.model.names import ObjectNames
from providers.qemu_block.chain import ExportRow, Fate, Graph, Layer, NodeRow, fate, path_of
from providers.qemu_block.errors import Gone, InUse, refusal_in_words, refused_cut
from providers.qemu_block.image import ImageHead, holds_data
from providers.qemu_block.mounts import lun_ids_of
from providers.qemu_block.names import (
    NODE_NAME_LIMIT,
    OverlayName,
    clone_name,
    cut_name,
    stem_of_clone,
    stem_of_overlays,
)
from providers.qemu_block.owning import owned_objects, stem_of
from providers.qemu_block.store import Image, Overlay

NAMES: Final = ObjectNames("abc234", "run4567abc", 999)
STEM: Final = NAMES.stem
OVERLAY: Final = f"/s/{STEM}.01.lun0.qcow2"


def layers(*rows: tuple[str, str]) -> Mapping[str, Layer]:
    """Make layers from files and what they lie on."""
    return {file: Layer(Path(file).stem, file, "qcow2", 1, below) for file, below in rows}


def graph(*rows: tuple[str, str], shown: Mapping[str, str]) -> Graph:
    """Make a graph in which array volumes show files."""
    every = layers(*rows)
    return Graph(every, {volume: every[file] for volume, file in shown.items()}, {})


def node(name: str, driver: str, file: str, below: str | None = None) -> NodeRow:
    row = {"node-name": name, "drv": driver, "file": file, "image": {"virtual-size": 8}}
    return NodeRow.model_validate(row if below is None else {**row, "backing_file": below})


def export(name: str, shown: str, kind: str = "fuse", *, leaving: bool = False) -> ExportRow:
    row = {"id": name, "node-name": shown, "type": kind, "shutting-down": leaving}
    return ExportRow.model_validate(row)


# -------------------------------------------------------------------- names


def test_the_longest_name_fits_a_node_and_leads_back_to_its_attempt() -> None:
    name = OverlayName(STEM, 64, "lun-0.a")
    assert len(name.node) <= NODE_NAME_LIMIT
    assert OverlayName.parse(str(name)) == name
    assert NAMES.covers(name.node)
    assert NAMES.covers(str(name))
    assert NAMES.covers(cut_name(STEM))
    assert len(clone_name(NAMES, 64)) <= NODE_NAME_LIMIT
    assert stem_of_clone(clone_name(NAMES, 64)) == STEM
    assert stem_of_overlays(cut_name(STEM)) == stem_of_overlays(STEM) == STEM


@pytest.mark.parametrize("name", ["other.01.lun0", "qsc-abc234-run.01.lun0", f"{STEM}.1.lun0", STEM, "qsc-"])
def test_a_foreign_name_is_no_overlay(name: str) -> None:
    assert OverlayName.parse(name) is None


@pytest.mark.parametrize("name", [STEM, f"{STEM}.cut", f"{STEM}-x", "qsc-abc234", "lun0"])
def test_what_is_no_clone_has_no_stem_of_one(name: str) -> None:
    assert stem_of_clone(name) is None


@pytest.mark.parametrize("name", [f"{STEM}.dog", f"{STEM}-1", "qsc-abc234", "lun0.cut"])
def test_what_is_no_cut_has_no_stem_of_one(name: str) -> None:
    assert stem_of_overlays(name) is None


# -------------------------------------------------------------------- heads of images


def head(magic: bytes = b"QFI\xfb", name: bytes = b"/s/below") -> bytes:
    fixed = struct.pack(">4sIQIIQIIQ", magic, 3, 48, len(name), 16, 8 << 20, 0, 2, 4096)
    return fixed + name


def test_a_head_says_what_the_image_lies_on() -> None:
    assert ImageHead.parse(head()) == ImageHead("/s/below", 8 << 20, 4096, 16)


@pytest.mark.parametrize("raw", [b"", head()[:47], head(b"QFI\0"), head()[:-1]])
def test_a_head_that_was_not_written_to_its_end_is_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match="qcow2"):
        ImageHead.parse(raw)


def test_an_image_holds_data_once_its_table_has_an_entry() -> None:
    assert not holds_data(bytes(16))
    assert holds_data(bytes(15) + b"\x80")


# -------------------------------------------------------------------- the graph


def test_chains_are_read_from_the_daemons_own_lists() -> None:
    found = Graph.of(
        [
            export("lun0", "b"),
            export("nbd", "b", "nbd"),
            export("gone", "b", leaving=True),
            export(f"{STEM}-1", "c"),
        ],
        [
            node("#1", "file", "/raw"),
            node("a", "raw", "/raw"),
            node("b", "qcow2", "/s/b", "/raw"),
            node(
                "c", "qcow2", 'json:{"driver": "qcow2", "file": {"driver": "file", "filename": "/c"}}', "/raw"
            ),
        ],
    )
    assert [layer.node for layer in found.chain("lun0")] == ["b", "a"]
    assert found.shown.keys() == {"lun0"}
    assert found.presented[f"{STEM}-1"].file == "/c"
    assert found.place("/raw") == ("lun0", 1)
    assert found.place("/c") is None
    assert found.chain("other") == ()


def test_a_graph_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="not there"):
        Graph.of([export("lun0", "b")], [])
    broken = Graph.of([export("lun0", "b")], [node("b", "qcow2", "/b", "/away")])
    with pytest.raises(ValueError, match="no node has open"):
        broken.chain("lun0")


def test_a_file_is_found_in_options_too() -> None:
    assert path_of("/plain") == "/plain"
    assert path_of('json:{"file": {"file": {"filename": "/deep"}}}') == "/deep"
    assert path_of('json:{"driver": "nbd"}') == 'json:{"driver": "nbd"}'


# -------------------------------------------------------------------- what becomes of an overlay

BASE: Final = ("/raw", "")
ABOVE: Final = "/s/above"


@pytest.mark.parametrize(
    ("nodes", "shown", "empty", "named", "expected"),
    [
        pytest.param([BASE, (OVERLAY, "/raw")], OVERLAY, False, (), Fate.KEEP, id="the active layer"),
        pytest.param([BASE, (OVERLAY, "/raw")], OVERLAY, True, (), Fate.KEEP, id="the active layer, empty"),
        pytest.param(
            [BASE, (OVERLAY, "/raw"), (ABOVE, OVERLAY)],
            ABOVE,
            False,
            (),
            Fate.MERGE,
            id="a layer further down",
        ),
        pytest.param([BASE, (OVERLAY, "")], "/raw", True, (), Fate.DROP, id="armed, never cut"),
        pytest.param([BASE], "/raw", True, (), Fate.DROP, id="armed, closed"),
        pytest.param([BASE], "/raw", True, (OVERLAY,), Fate.KEEP, id="empty, but another image lies on it"),
        pytest.param([BASE], "/raw", False, (), Fate.KEEP, id="closed, with data that nobody else may have"),
        pytest.param([BASE, (OVERLAY, "")], "/raw", False, (), Fate.KEEP, id="open alone, with data"),
        pytest.param(
            [BASE, (OVERLAY, "/raw"), (ABOVE, "/raw")], ABOVE, False, (), Fate.DROP, id="merged, still open"
        ),
        pytest.param([BASE, (OVERLAY, "/raw")], None, False, (), Fate.KEEP, id="its export is away"),
        pytest.param(
            [BASE, (OVERLAY, "/raw")], "/raw", False, (), Fate.KEEP, id="somebody went back below it"
        ),
    ],
)
def test_what_becomes_of_an_overlay(
    nodes: list[tuple[str, str]], shown: str | None, empty: bool, named: tuple[str, ...], expected: Fate
) -> None:
    found = graph(*nodes, shown={} if shown is None else {"lun0": shown})
    assert fate(OVERLAY, "lun0", found, empty=empty, named_below=named) is expected


def test_another_array_volume_on_the_same_base_proves_no_merge() -> None:
    found = graph(BASE, (OVERLAY, "/raw"), (ABOVE, "/raw"), shown={"lun1": ABOVE})
    assert fate(OVERLAY, "lun0", found, empty=False) is Fate.KEEP


# -------------------------------------------------------------------- what is ours


def overlay(number: int, *, empty: bool) -> Overlay:
    name = OverlayName(STEM, number, f"lun{number}")
    return Overlay(name, Image(Path(f"/s/{name}.qcow2"), "/raw", 8, empty))


def states(found: list[OwnedObject]) -> dict[str, str]:
    return {item.name: f"{item.kind} {item.state}" for item in found}


def test_what_is_ours_is_told_from_files_and_nodes() -> None:
    cut, armed = overlay(1, empty=True), overlay(2, empty=True)
    found = graph(BASE, (cut.file, "/raw"), shown={"lun1": cut.file})
    clone = Image(Path(f"/s/clones/{STEM}-1.qcow2"), "/raw", 8, empty=True)
    assert states(owned_objects([cut, armed], [clone], found, ())) == {
        STEM: "consistency-group live",
        f"{STEM}.cut": "cut live",
        f"{STEM}-1": "clone live",
    }
    assert states(owned_objects([cut], [], found, {STEM})) == {f"{STEM}.cut": "cut void-pending"}


def test_data_in_no_chain_is_a_void_cut() -> None:
    cut, lost = overlay(1, empty=True), overlay(2, empty=False)
    found = graph(BASE, (cut.file, "/raw"), shown={"lun1": cut.file})
    assert states(owned_objects([lost, cut], [], found, ())) == {f"{STEM}.cut": "cut void-pending"}


def test_objects_lead_back_to_their_attempt() -> None:
    kinds = {ObjectKind.CUT: f"{STEM}.cut", ObjectKind.CONSISTENCY_GROUP: STEM, ObjectKind.CLONE: f"{STEM}-7"}
    assert {stem_of(OwnedObject(kind, name, name)) for kind, name in kinds.items()} == {STEM}
    assert stem_of(OwnedObject(ObjectKind.CLONE, "lun0", "lun0", ObjectState.LIVE)) is None


# -------------------------------------------------------------------- words and mounts


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        ("Cannot find device='x' nor node-name='x'", "array.rejected", Gone),
        ("Failed to find node with node-name='x'", "array.rejected", Gone),
        ("Export 'x' is not found", "array.rejected", Gone),
        ("Node x is in use", "array.in-use", InUse),
        ("Node 'a' is busy: node is used as backing hd of 'b'", "array.in-use", InUse),
        ("Could not resize file: No space left on device", "array.full", None),
        ("Invalid parameter", "array.rejected", None),
    ],
)
def test_refusals_are_understood(words: str, code: str, kind: type | None) -> None:
    error = refusal_in_words(words, subject="shelf", vendor_code="GenericError")
    assert (error.code, error.vendor_code) == (code, "GenericError")
    assert kind is None or type(error) is kind


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("The overlay is already in use", "array.name-taken"),
        ("The overlay already has a backing image", "array.name-taken"),
        (f"Node 'a' is busy: node is used as backing hd of '{STEM}.01'", "array.name-taken"),
        ("Node 'a' is busy: node is used as backing hd of 'foreign'", "array.members-changed"),
        ("Cannot find device='a' nor node-name='a'", "array.members-changed"),
        ("Invalid parameter", "array.rejected"),
    ],
)
def test_a_refused_cut_says_why(words: str, code: str) -> None:
    assert refused_cut(refusal_in_words(words, subject="shelf"), STEM).code == code


def test_mounts_are_read_as_the_kernel_writes_them() -> None:
    listing = "\n".join(
        [
            "1 0 254:0 / / rw - ext4 /dev/vda rw",
            "2 1 0:39 / /e/lun\\0400 rw,nosuid shared:2 - fuse /dev/fuse rw",
            "3 1 0:40 / /e/lun1 rw - fuse /dev/fuse rw",
            "4 1 0:41 / /e/lun1 rw - tmpfs none rw",
        ]
    )
    assert lun_ids_of(listing) == {"/e/lun 0": "file.0:39-1"}
