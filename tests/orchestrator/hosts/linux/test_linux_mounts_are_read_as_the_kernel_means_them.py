from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.linux.mounts import read_mounts
from orchestrator.hosts.linux.survey import linux_survey
from tests.orchestrator.hosts.linux.machine import OTHER, PURE, Machine, write


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.lun("sda", PURE)
    machine.lun("sdb", OTHER)
    return machine


def mount_points(machine: Machine) -> list[tuple[str, ...]]:
    return [found.volume.mount_points for found in machine.survey()]


def test_escapes_stand_for_the_characters_they_hide(machine: Machine) -> None:
    machine.mount("sda", "/with\\040blank\\134\\012")
    assert mount_points(machine) == [("/with blank\\\n",)]


@pytest.mark.parametrize("tags", ["", "shared:1 ", "shared:1 master:2 propagate_from:3 unbindable "])
def test_any_number_of_tags_may_stand_before_the_hyphen(machine: Machine, tags: str) -> None:
    machine.mount("sda", "/data", tags=tags, source="/dev/sda-b")
    (mount,) = read_mounts(machine.root)
    assert (mount.kind, mount.source, mount.options) == ("xfs", "/dev/sda-b", ("rw",))


def test_a_source_may_be_empty(machine: Machine) -> None:
    write(machine.root / "proc/self/mountinfo", "10 1 0:5 / /run rw - tmpfs  rw,mode=755")
    (mount,) = read_mounts(machine.root)
    assert (mount.source, mount.options) == ("", ("rw", "mode=755"))


def test_what_lies_on_no_block_device_is_left_out(machine: Machine) -> None:
    top = machine.mount("sda", "/")
    for kind in ("proc", "tmpfs", "nfs4", "overlay", "fuse.sshfs"):
        machine.mount("", f"/{kind}", number="0:50", kind=kind, parent=top, source="none")
    assert mount_points(machine) == [("/",)]


def test_all_mounts_of_one_file_system_are_one(machine: Machine) -> None:
    top = machine.mount("sda", "/")
    machine.mount("sda", "/again", parent=top)
    machine.mount("sdb", "/data", parent=top)
    assert mount_points(machine) == [("/", "/again"), ("/data",)]


def test_a_mount_that_shows_a_folder_comes_after_those_that_show_all(machine: Machine) -> None:
    machine.mount("sda", "/folder", shown="/some/folder")
    machine.mount("sda", "/data")
    found = machine.only()
    assert found.volume.mount_points == ("/data", "/folder")
    assert found.st_devs == dict.fromkeys(("/data", "/folder"), machine.root.stat().st_dev)


def test_a_mount_on_a_single_file_comes_last(machine: Machine) -> None:
    machine.mount("sda", "/file", shown="/some/file")
    (machine.root / "file").rmdir()
    (machine.root / "file").touch()
    machine.mount("sda", "/folder", shown="/some/folder")
    assert machine.only().volume.mount_points == ("/folder", "/file")


def test_a_mount_under_another_is_not_reachable_but_still_takes_up_its_lun(machine: Machine) -> None:
    top = machine.mount("sda", "/")
    under = machine.mount("sdb", "/data", parent=top)
    machine.mount("", "/data", number="0:50", kind="tmpfs", parent=under)
    root, hidden = machine.survey()
    assert root.volume.mount_points == ("/",)
    assert hidden.volume.mount_points == ()
    assert hidden.volume.complete
    assert [lun.lun_id for lun in hidden.volume.luns] == [OTHER]


def test_the_newest_of_two_at_one_place_is_the_one_a_path_finds(machine: Machine) -> None:
    top = machine.mount("sda", "/")
    machine.mount("sdb", "/", parent=top)
    assert mount_points(machine) == [(), ("/",)]


def test_of_two_on_one_parent_at_one_place_the_later_is_found(machine: Machine) -> None:
    machine.mount("sda", "/data")
    machine.mount("sdb", "/data")
    assert mount_points(machine) == [(), ("/data",)]


def test_a_mount_over_a_folder_on_the_way_hides_what_is_below(machine: Machine) -> None:
    top = machine.mount("", "/", number="0:2", kind="rootfs")
    machine.mount("sda", "/srv/deep", parent=top)
    machine.mount("sdb", "/srv", parent=top)
    assert mount_points(machine) == [(), ("/srv",)]


def test_a_mount_made_below_the_newer_one_is_reachable(machine: Machine) -> None:
    top = machine.mount("", "/", number="0:2", kind="rootfs")
    over = machine.mount("sdb", "/srv", parent=top)
    machine.mount("sda", "/srv/deep", parent=over)
    machine.mount("", "/srv/de", number="0:50", kind="tmpfs", parent=over)
    assert mount_points(machine) == [("/srv",), ("/srv/deep",)]


def test_a_mount_that_is_its_own_parent_ends_the_walk(machine: Machine) -> None:
    machine.mount("sda", "/", parent=10)
    assert mount_points(machine) == [("/",)]


def test_a_mount_point_that_is_gone_is_left_out(machine: Machine) -> None:
    machine.mount("sda", "/data")
    (machine.root / "data").rmdir()
    assert machine.only().volume.mount_points == ()


def test_a_server_of_file_systems_is_not_asked(machine: Machine) -> None:
    machine.mount("sda", "/media", kind="fuseblk")
    (machine.root / "media").rmdir()
    assert machine.only().st_devs == {"/media": 8 << 8}


@pytest.mark.parametrize("line", ["", "10 1 8:0 / /data rw - xfs", "x 1 8:0 / /data rw - xfs /dev/sda rw"])
def test_a_line_that_is_not_understood_is_an_error(tmp_path: Path, line: str) -> None:
    write(tmp_path / "proc/self/mountinfo", f"{line}\n")
    with pytest.raises(HostError, match="not understood") as caught:
        linux_survey(tmp_path)
    assert caught.value.code == "host.survey-failed"


def test_a_machine_without_proc_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="cannot be read") as caught:
        linux_survey(tmp_path)
    assert caught.value.code == "host.survey-failed"
