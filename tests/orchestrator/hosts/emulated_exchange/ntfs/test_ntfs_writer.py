"""What the lab's writer writes, judged by libfsntfs and pytsk3; ntfs-3g judges it among the real parts."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyfsntfs  # type: ignore[import-not-found] # it is C, and has no types
import pytest

from orchestrator.hosts.emulated_exchange.emulator.ntfs import NtfsVolume
from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import Type, resident, run_list
from orchestrator.hosts.emulated_exchange.emulator.ntfs.cluster_map import ClusterMap
from orchestrator.hosts.emulated_exchange.emulator.ntfs.directory_index import (
    END,
    DirectoryIndex,
    index_entry,
)
from orchestrator.hosts.emulated_exchange.emulator.ntfs.upper_case import order_of, upper_case_table

MIB = 1 << 20


class Disk:
    """An array volume in memory; counts what is written to it."""

    def __init__(self, size: int = 3 * MIB, **options: Any) -> None:
        self.data = bytearray(size)
        self.writes: list[tuple[int, int]] = []
        self.volume = NtfsVolume.format(self.write, size, **({"gpt": False} | options))
        self.writes.clear()

    def write(self, offset: int, data: bytes) -> None:
        assert 0 <= offset <= offset + len(data) <= len(self.data)
        self.writes.append((offset, len(data)))
        self.data[offset : offset + len(data)] = data

    def names(self, folder: str = "") -> list[str]:
        """List a folder as libfsntfs reads it, in its order."""
        volume = pyfsntfs.volume()
        volume.open_file_object(BytesIO(self.data))
        entry = volume.get_file_entry_by_path("\\" + folder.replace("/", "\\"))
        entries = [entry.get_sub_file_entry(at) for at in range(entry.number_of_sub_file_entries)]
        return sorted(one.name for one in entries if not one.name.startswith("$") and one.name != ".")

    def free_clusters(self) -> int:
        """Count them as the $Bitmap on disk tells."""
        volume = pyfsntfs.volume()
        volume.open_file_object(BytesIO(self.data))
        bitmap = volume.get_file_entry_by_path("\\$Bitmap")
        told: bytes = bitmap.read_buffer(bitmap.size)
        return 8 * len(told) - int.from_bytes(told, "little").bit_count()


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_names_stay_readable_through_every_change(order: str) -> None:
    disk, chance = Disk(), random.Random(order)  # noqa: S311 # an order that differs
    disk.volume.make_folder("Logs")
    names = [f"E00{number:08X}.log" for number in range(90)]
    if order == "falling":
        names.reverse()
    if order == "shuffled":
        chance.shuffle(names)
    for name in names:
        disk.volume.add_file(f"Logs/{name}", 100)
    assert disk.names("Logs") == sorted(names)
    gone = chance.sample(names, 60)
    for name in gone[:30]:
        disk.volume.remove(f"Logs/{name}")
    for name in gone[30:]:
        disk.volume.rename(f"Logs/{name}", f"Logs/new {name}")
    expected = {*names} - {*gone} | {f"new {name}" for name in gone[30:]}
    assert disk.names("Logs") == sorted(expected)
    for name in expected:
        disk.volume.remove(f"Logs/{name}")
    assert disk.names("Logs") == []
    disk.volume.add_file("Logs/again", 1)
    assert disk.names("Logs") == ["again"]


def test_clusters_are_given_back() -> None:
    disk = Disk()
    before = disk.free_clusters()
    assert before * 4096 == disk.volume.free_bytes
    extent = disk.volume.add_file("a", 10_000)
    assert disk.free_clusters() == before - 3
    disk.volume.remove("a")
    assert disk.free_clusters() == before
    assert disk.volume.add_file("b", 4096).offset == extent.offset


def test_an_empty_file_takes_no_cluster() -> None:
    disk = Disk()
    before = disk.free_clusters()
    assert disk.volume.add_file("empty", 0) == (0, 0)
    assert disk.free_clusters() == before
    assert disk.names() == ["empty"]


def test_a_change_writes_little() -> None:
    disk = Disk(16 * MIB)
    disk.volume.make_folder("Logs")
    for number in range(60):
        disk.volume.add_file(f"Logs/E00{number:08X}.log", 131_072)
    disk.writes.clear()
    disk.volume.rename("Logs/E0000000005.log", "Logs/E0000000005.old")
    assert sorted(size for _, size in disk.writes) == [1024, 4096, 4096]
    disk.writes.clear()
    disk.volume.remove("Logs/E0000000005.old")
    assert sum(size for _, size in disk.writes) < 6000


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda volume: volume.add_file("A.EDB", 1), FileExistsError),
        (lambda volume: volume.add_file("none/a", 1), FileNotFoundError),
        (lambda volume: volume.make_folder("db"), FileExistsError),
        (lambda volume: volume.make_folder("none/a"), FileNotFoundError),
        (lambda volume: volume.rename("none", "b"), FileNotFoundError),
        (lambda volume: volume.rename("a.edb", "none/b"), FileNotFoundError),
        (lambda volume: volume.rename("a.edb", "B.edb"), FileExistsError),
        (lambda volume: volume.rename("DB", "C"), FileNotFoundError),
        (lambda volume: volume.remove("none"), FileNotFoundError),
        (lambda volume: volume.remove("DB"), FileNotFoundError),
        (lambda volume: volume.add_file("c", 100 * MIB), OSError),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    change: Callable[[NtfsVolume], object], error: type[Exception]
) -> None:
    disk = Disk()
    disk.volume.make_folder("DB")
    disk.volume.add_file("a.edb", 100)
    disk.volume.add_file("b.edb", 100)
    before = bytes(disk.data)
    with pytest.raises(error):
        change(disk.volume)
    assert bytes(disk.data) == before


def test_a_name_may_change_its_case_or_its_folder() -> None:
    disk = Disk()
    disk.volume.make_folder("DB")
    disk.volume.add_file("a.edb", 100)
    disk.volume.rename("a.edb", "A.EDB")
    assert disk.names() == ["A.EDB", "DB"]
    disk.volume.rename("A.EDB", "DB/b.edb")
    assert (disk.names(), disk.names("DB")) == (["DB"], ["b.edb"])


def test_a_full_volume_says_so_and_goes_on() -> None:
    disk = Disk(records=64)
    disk.volume.make_folder("Logs")
    before = disk.free_clusters()
    for number in range(39):
        disk.volume.add_file(f"Logs/{number:03}", 1)
    with pytest.raises(OSError, match="records of the \\$MFT") as caught:
        disk.volume.add_file("Logs/too much", 1)
    assert caught.value.errno == errno.ENOSPC
    assert len(disk.names("Logs")) == 39
    for number in range(39):
        disk.volume.remove(f"Logs/{number:03}")
    assert before - disk.free_clusters() in {0, 6}  # a folder keeps its leaves
    disk.volume.add_file("Logs/again", 1)
    assert disk.names("Logs") == ["again"]


def test_a_full_folder_says_so_and_goes_on() -> None:
    disk = Disk(8 * MIB, records=512)
    disk.volume.make_folder("Logs")
    names, refused = add_until_refused(disk, [f"E00{number:08X}.log" for number in range(400)])
    assert "no room for another name" in refused
    assert len(names) > 120
    assert disk.names("Logs") == names
    for number in range(600):  # more often than the $MFT has records: none is lost
        with pytest.raises(OSError, match="no room for another name"):
            disk.volume.add_file(f"Logs/F00{number:08X}.log", 0)
    for name in names[:20]:
        disk.volume.remove(f"Logs/{name}")
    disk.volume.add_file("Logs/F0000000000.log", 0)
    assert disk.names("Logs") == [*names[20:], "F0000000000.log"]


def add_until_refused(disk: Disk, names: list[str]) -> tuple[list[str], str]:
    """Return which names found a place, and why the next one did not."""
    for at, name in enumerate(names):
        try:
            disk.volume.add_file(f"Logs/{name}", 0)
        except OSError as cause:
            return names[:at], str(cause)
    return names, ""


def test_a_folder_that_gets_no_leaves_keeps_what_it_had() -> None:
    disk = Disk(2 * MIB, records=64)
    disk.volume.make_folder("Logs")
    disk.volume.add_file("filler", disk.volume.free_bytes)
    names = [f"{number:03}" for number in range(30)]
    done, refused = add_until_refused(disk, names)
    assert "clusters in a row" in refused
    assert disk.names("Logs") == done
    disk.volume.remove("filler")
    for name in names[len(done) :]:
        disk.volume.add_file(f"Logs/{name}", 0)
    assert disk.names("Logs") == names


@pytest.mark.parametrize("size", [0, 4096, 100_000, 700_000])
def test_a_device_that_is_too_small_is_refused(size: int) -> None:
    with pytest.raises(OSError, match=r"clusters in a row|are too few"):
        Disk(size)


def test_a_deleted_file_leaves_a_stale_reference() -> None:
    disk = Disk()
    first = disk.volume.add_streamed("a", resident(Type.DATA, b"x", 2), (), 0, 1)
    at = disk.data.index(b"FILE", int.from_bytes(disk.data[48:56], "little") * 4096 + first * 1024)
    before = disk.data[at + 16 : at + 18]
    disk.volume.remove("a")
    assert disk.data[at + 22] == 0
    assert disk.volume.add_streamed("b", resident(Type.DATA, b"x", 2), (), 0, 1) == first
    assert disk.data[at + 16 : at + 18] != before


@pytest.mark.parametrize(
    ("runs", "packed"),
    [
        ([(1, 1)], "11 01 01 00"),
        ([(127, 127), (255, 128)], "11 7f 7f 22 8000 8000 00"),
        ([(300, 5), (100, 5)], "21 05 2c01 21 05 38ff 00"),
        ([(None, 3), (9, 1)], "01 03 11 01 09 00"),
    ],
)
def test_runs_are_packed(runs: list[tuple[int | None, int]], packed: str) -> None:
    assert run_list(runs) == bytes.fromhex(packed)


def test_free_runs_are_joined_again() -> None:
    clusters = ClusterMap(100)
    runs = [clusters.take(10) for _ in range(10)]
    assert (runs, clusters.free) == (list(range(0, 100, 10)), 0)
    for first in (20, 0, 10, 90, 70, 80):
        clusters.give_back(first, 10)
    assert clusters.take(30) == 0
    assert clusters.take(30) == 70
    with pytest.raises(OSError, match="1 clusters in a row"):
        clusters.take(1)
    assert all(clusters.bitmap[at // 8] >> at % 8 & 1 for at in (0, 29, 70, 99, 100, 127))


def test_order_is_that_of_upper_case() -> None:
    names = ["_", "a", "B", "ä", "Z", "a.b", "A1"]
    assert sorted(names, key=order_of) == ["a", "a.b", "A1", "B", "Z", "_", "ä"]
    table = upper_case_table()
    assert len(table) == 131_072
    assert table[2 * ord("ä") : 2 * ord("ä") + 2] == "Ä".encode("utf-16-le")
    for letter in ("ß", "\N{LATIN SMALL LETTER DOTLESS I}", "\N{MICRO SIGN}"):
        assert table[2 * ord(letter) : 2 * ord(letter) + 2] == letter.encode("utf-16-le")


def test_no_leaf_of_a_folder_is_empty() -> None:
    index = DirectoryIndex(200, 400, 1)
    keys = [f"{number:03}".encode() for number in range(60)]
    for key in keys:
        index.insert(key, index_entry(7, key * 30))
    assert index.leaves > 2
    for key in keys:
        index.remove(key)
        assert all(len(index.leaf_entries(at)) > 1 for at in range(index.leaves))
    assert index.root_entries() == [END]
