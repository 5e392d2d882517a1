"""What our writer wrote and our reader reads, pytsk3 reads alike."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytsk3  # type: ignore[import-not-found] # it is C, and has no types

from orchestrator.verify.raw.ntfs_source import NtfsSource
from tests.orchestrator.verify.raw.lab_images import CLUSTER, MIB, LabImage, contents, image_of

PART = 64 << 10


def by_us(source: NtfsSource, folder: str = "") -> Iterator[tuple[str, int, str]]:
    for entry in source.files(folder):
        file = source.open(entry.path)
        yield entry.path, entry.size_bytes, hashlib.sha256(contents(file)).hexdigest()
    for below in source.folders(folder):
        yield f"{below}/", 0, ""
        yield from by_us(source, below)


def by_them(path: Path, offset: int) -> Iterator[tuple[str, int, str]]:
    system = pytsk3.FS_Info(pytsk3.Img_Info(str(path)), offset=offset)
    yield from _tree_of(system.open_dir("/"), "")


def _tree_of(folder: Any, at: str) -> Iterator[tuple[str, int, str]]:
    for entry in folder:
        name = entry.info.name.name.decode()
        meta = entry.info.meta
        in_use = entry.info.name.flags == pytsk3.TSK_FS_NAME_FLAG_ALLOC
        if not in_use or name in {".", ".."} or name.startswith("$") or ":" in name:
            continue
        if meta.type == pytsk3.TSK_FS_META_TYPE_DIR:
            yield f"{at}{name}/", 0, ""
            yield from _tree_of(entry.as_directory(), f"{at}{name}/")
        else:
            data = entry.read_random(0, meta.size) if meta.size else b""
            yield f"{at}{name}", meta.size, hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("size", "options"),
    [
        (3 * MIB, {"gpt": True}),
        (3 * MIB, {}),
        (8 * MIB, {"cluster_bytes": 65536}),
        (4 * MIB, {"cluster_bytes": 512, "label": "Größe"}),
    ],
)
def test_pytsk3_reads_the_same_tree(size: int, options: dict[str, Any], tmp_path: Path) -> None:
    image, chance = LabImage(size, **options), random.Random(4)  # noqa: S311 # bytes that differ
    for folder in ("DB01", "DB01/Logs", "Ümläute ß"):
        image.volume.make_folder(folder)
    image.add("DB01/DB01.edb", chance.randbytes(200_000))
    image.add("Ümläute ß/größer.edb", b"")
    for number in range(60):
        image.add(f"DB01/Logs/E00{number:08X}.log", chance.randbytes(chance.choice((100, 4096, 5000))))
    for number in range(0, 60, 3):
        image.volume.remove(f"DB01/Logs/E00{number:08X}.log")
    image.volume.rename("DB01/Logs/E0000000001.log", "DB01/Logs/E00.log")
    path = image.saved(tmp_path / "image")
    with image_of(path) as opened:
        ours = sorted(by_us(opened.volume()))
        assert opened.volume().findings == []
    assert len(ours) == 45
    assert ours == sorted(by_them(path, PART if options.get("gpt") else 0))


def test_pytsk3_reads_the_same_holes_and_pieces(tmp_path: Path) -> None:
    image, chance = LabImage(3 * MIB), random.Random(5)  # noqa: S311 # bytes that differ
    pieces = [(image.take(length, chance.randbytes(CLUSTER)), length) for length in (1, 2, 3, 4)]
    runs = [pieces[2], (None, 7), pieces[0], pieces[3], (None, 1), pieces[1]]
    size = 18 * CLUSTER - 11
    image.add_in_runs("pieces.edb", runs, size)
    image.add_in_runs("valid.edb", [pieces[3]], 4 * CLUSTER - 3, valid=2 * CLUSTER + 5)
    path = image.saved(tmp_path / "image")
    with image_of(path) as opened:
        ours = sorted(by_us(opened.volume()))
    assert ours == sorted(by_them(path, 0))
