"""File systems made on loop devices of this machine, held against what util-linux says of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.hosts.linux.loop_file import file_lun_id
from orchestrator.hosts.linux.survey import HostFileSystem, linux_survey
from orchestrator.lab.real.file_systems import (
    LabFileSystem,
    loop_device,
    made_file_system,
    mounted,
    run,
)
from orchestrator.model.hosts import DiskLayout

pytestmark = pytest.mark.real

PROGRAMS = ("mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "btrfs", "losetup", "mount", "findmnt", "lsblk")


@pytest.fixture(autouse=True)
def what_this_needs(needs_program: Callable[[str], str]) -> None:
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    for program in PROGRAMS:
        needs_program(program)


@pytest.fixture(params=["ext4", "xfs", "btrfs"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LabFileSystem]:
    with made_file_system(request.param, tmp_path / "lun 1.img", tmp_path / "m 1") as file_system:
        yield file_system


@pytest.fixture
def btrfs(tmp_path: Path) -> Iterator[LabFileSystem]:
    with made_file_system("btrfs", tmp_path / "lun.img", tmp_path / "m") as file_system:
        yield file_system


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[LabFileSystem]:
    with made_file_system("ext4", tmp_path / "lun.img", tmp_path / "m") as file_system:
        yield file_system


def surveyed(device: str) -> HostFileSystem:
    (found,) = (found for found in linux_survey() if found.volume.name == device)
    return found


def places(*paths: Path) -> tuple[str, ...]:
    return tuple(map(str, paths))


def found_by_findmnt() -> list[dict[str, Any]]:
    columns = "TARGET,SOURCE,FSTYPE,MAJ:MIN,FSROOT"
    rows: list[dict[str, Any]] = json.loads(run("findmnt", "--json", "--list", "-o", columns))["filesystems"]
    return rows


def numbers_by_findmnt() -> set[str]:
    rows = found_by_findmnt()
    return {row["maj:min"] for row in rows if row["fstype"] == "btrfs" or row["maj:min"][:2] != "0:"}


def test_a_file_system_is_found_with_its_file(made: LabFileSystem) -> None:
    found = surveyed(made.device)
    assert found.kind == made.kind
    assert found.volume.mount_points == places(made.mount_point)
    assert [lun.lun_ids for lun in found.volume.luns] == [(file_lun_id(made.image.stat()),)]
    assert (found.volume.layout, found.volume.complete) == (DiskLayout.BASIC, True)
    assert found.st_devs == {str(made.mount_point): made.mount_point.stat().st_dev}


def test_what_is_mounted_is_what_findmnt_and_lsblk_say(made: LabFileSystem, tmp_path: Path) -> None:
    with mounted(made.device, tmp_path / "again"):
        found = surveyed(made.device)
        rows = [row for row in found_by_findmnt() if row["source"] == made.device]
        (disk,) = json.loads(run("lsblk", "--json", "-o", "PATH,MOUNTPOINTS", made.device))["blockdevices"]
    assert set(found.volume.mount_points) == {row["target"] for row in rows} == set(disk["mountpoints"])
    assert (found.volume.name, {found.kind}) == (disk["path"], {row["fstype"] for row in rows})
    assert len(set(found.st_devs.values())) == 1


def test_every_file_system_on_block_devices_that_findmnt_shows_is_found_once(made: LabFileSystem) -> None:
    before, found, after = numbers_by_findmnt(), linux_survey(), numbers_by_findmnt()
    names = [one.volume.name for one in found]
    assert len(names) == len(set(names))
    # Other tests may mount and unmount meanwhile.
    assert len(before & after) <= len(found) <= len(before | after)


def test_a_bind_mount_of_a_folder_leads_to_the_same_file_system(made: LabFileSystem, tmp_path: Path) -> None:
    (made.mount_point / "folder").mkdir()
    with mounted(str(made.mount_point / "folder"), tmp_path / "a", "bind"):
        found = surveyed(made.device)
    assert found.volume.mount_points == places(made.mount_point, tmp_path / "a")
    assert len(set(found.st_devs.values())) == 1


def test_a_mount_point_under_another_mount_is_left_out(ext4: LabFileSystem, tmp_path: Path) -> None:
    with (
        made_file_system("xfs", tmp_path / "over.img", ext4.mount_point) as over,
        mounted(ext4.device, tmp_path / "aside"),
    ):
        assert surveyed(ext4.device).volume.mount_points == places(tmp_path / "aside")
        found = surveyed(over.device)
    assert found.volume.mount_points == places(ext4.mount_point)
    assert surveyed(ext4.device).volume.mount_points == places(ext4.mount_point)


def test_what_is_hidden_altogether_still_takes_up_its_lun(tmp_path: Path) -> None:
    with made_file_system("ext4", tmp_path / "under.img", tmp_path / "m" / "below") as under:
        with made_file_system("ext4", tmp_path / "over.img", tmp_path / "m"):
            found = surveyed(under.device)
        assert surveyed(under.device).volume.mount_points == places(under.mount_point)
    assert found.volume.mount_points == ()
    assert [lun.lun_id for lun in found.volume.luns] == [file_lun_id(under.image.stat())]


def test_subvolumes_are_one_file_system_with_a_number_each(btrfs: LabFileSystem, tmp_path: Path) -> None:
    run("btrfs", "subvolume", "create", str(btrfs.mount_point / "@one"))
    with mounted(btrfs.device, tmp_path / "one", "subvol=@one"):
        found = surveyed(btrfs.device)
        rows = {row["target"]: row for row in found_by_findmnt()}
        assert found.volume.mount_points == places(btrfs.mount_point, tmp_path / "one")
        assert len(set(found.st_devs.values())) == 2
        assert all(found.st_devs[place] == Path(place).stat().st_dev for place in found.st_devs)
        # Why stat is asked: mountinfo tells the superblock's own number for both, which stat never shows.
        superblock = {rows[place]["maj:min"] for place in found.st_devs}
    assert len(superblock) == 1
    assert not superblock & {f"{os.major(one)}:{os.minor(one)}" for one in found.st_devs.values()}


def test_a_btrfs_over_two_devices_lies_on_both_files(btrfs: LabFileSystem, tmp_path: Path) -> None:
    with (tmp_path / "second.img").open("xb") as file:
        file.truncate(128 << 20)
    with loop_device(tmp_path / "second.img") as second:
        run("btrfs", "device", "add", "-f", second, str(btrfs.mount_point))
        (found,) = (one.volume for one in linux_survey() if str(btrfs.mount_point) in one.volume.mount_points)
        run("btrfs", "device", "remove", second, str(btrfs.mount_point))
    wanted = {file_lun_id(path.stat()) for path in (btrfs.image, tmp_path / "second.img")}
    assert {lun.lun_id for lun in found.luns} == wanted
    assert (found.layout, found.complete) == (DiskLayout.LVM, True)
    assert found.name in {btrfs.device, second}


def test_a_file_that_was_deleted_is_no_identity(ext4: LabFileSystem) -> None:
    ext4.image.unlink()
    volume = surveyed(ext4.device).volume
    assert (volume.luns, volume.complete) == ((), False)


def test_a_file_that_was_moved_is_followed(ext4: LabFileSystem, tmp_path: Path) -> None:
    before = surveyed(ext4.device).volume.luns
    ext4.image.rename(tmp_path / "elsewhere.img")
    assert surveyed(ext4.device).volume.luns == before


def test_another_file_in_a_folder_mounted_over_the_first_is_not_mistaken_for_it(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with made_file_system("ext4", store / "lun.img", tmp_path / "m") as ext4:
        with made_file_system("ext4", tmp_path / "over.img", store):
            (store / "lun.img").touch()
            volume = surveyed(ext4.device).volume
            assert (volume.luns, volume.complete) == ((), False)
        assert surveyed(ext4.device).volume.complete


def test_a_loop_device_over_a_block_device_leads_to_what_is_below(tmp_path: Path) -> None:
    image = tmp_path / "lun.img"
    with image.open("xb") as file:
        file.truncate(32 << 20)
    run("mkfs.ext4", "-q", "-F", str(image))
    with (
        loop_device(image) as lower,
        loop_device(Path(lower)) as upper,
        mounted(upper, tmp_path / "m"),
    ):
        volume = surveyed(upper).volume
    assert [lun.lun_id for lun in volume.luns] == [file_lun_id(image.stat())]
    assert volume.complete


def test_an_ext4_with_its_journal_elsewhere_is_not_complete(tmp_path: Path) -> None:
    for name in ("journal", "data"):
        with (tmp_path / name).open("xb") as file:
            file.truncate(32 << 20)
    with loop_device(tmp_path / "journal") as journal, loop_device(tmp_path / "data") as data:
        run("mke2fs", "-q", "-b", "4096", "-O", "journal_dev", journal)
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-J", f"device={journal}", data)
        with mounted(data, tmp_path / "m"):
            volume = surveyed(data).volume
    assert [lun.lun_id for lun in volume.luns] == [file_lun_id((tmp_path / "data").stat())]
    assert not volume.complete


def test_an_xfs_with_its_log_elsewhere_is_not_complete(tmp_path: Path) -> None:
    for name in ("log", "data"):
        with (tmp_path / name).open("xb") as file:
            file.truncate(300 << 20)
    with loop_device(tmp_path / "log") as log, loop_device(tmp_path / "data") as data:
        run("mkfs.xfs", "-q", "-l", f"logdev={log}", data)
        with mounted(data, tmp_path / "m", f"logdev={log}"):
            assert not surveyed(data).volume.complete
