"""Device mapper, md and their stacks, as trees of files.

The kernels we develop on have neither, so that these trees rest on public descriptions of sysfs and of the
UUIDs that LVM2, multipath-tools, kpartx and cryptsetup give their devices, not on a machine that was seen.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.model.hosts import DiskLayout
from tests.orchestrator.hosts.linux.machine import OTHER, PURE, Machine, logical_volume

WWID = "3" + PURE.removeprefix("naa.")
BOTH = [(PURE,), (OTHER,)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Two paths to one LUN (sda, sdb), another LUN (sdc), and a disk that tells nothing (sdd)."""
    machine = Machine(tmp_path)
    machine.lun("sda", PURE)
    machine.lun("sdb", PURE)
    machine.lun("sdc", OTHER)
    machine.disk("sdd")
    return machine


def layout(machine: Machine) -> tuple[str, DiskLayout]:
    volume = machine.only().volume
    return volume.name, volume.layout


def test_a_partition_lies_on_the_lun_of_its_disk(machine: Machine) -> None:
    machine.partition("sdc", "sdc1")
    assert machine.luns_of("sdc1") == ([(OTHER,)], True)
    assert layout(machine) == ("/dev/sdc1", DiskLayout.BASIC)


def test_a_name_with_a_slash_is_put_right(machine: Machine) -> None:
    machine.lun("cciss!c0d0", "naa.600508b1001c1234567890abcdef0123")
    machine.luns_of("cciss!c0d0")
    assert layout(machine) == ("/dev/cciss/c0d0", DiskLayout.BASIC)


def test_a_device_that_is_gone_is_reported_under_what_it_was_mounted_as(machine: Machine) -> None:
    machine.mount("", "/data", number="8:99", source="/dev/sdz")
    volume = machine.only().volume
    assert (volume.name, volume.luns, volume.complete) == ("/dev/sdz", (), False)


def test_paths_that_agree_are_one_lun(machine: Machine) -> None:
    machine.mapped("dm-0", f"mpath-{WWID}", ["sda", "sdb"], "mpatha")
    assert machine.luns_of("dm-0") == ([(PURE,)], True)
    assert layout(machine) == ("/dev/mapper/mpatha", DiskLayout.BASIC)


@pytest.mark.parametrize(
    ("wwid", "paths", "luns"),
    [
        (WWID, ["sda", "sdc"], BOTH),
        (WWID, ["sda", "sdd"], [(PURE,)]),
        (WWID, ["sdc"], [(OTHER,)]),
        (WWID, ["sdd"], []),
        (WWID, [], []),
        ("PURE_1", ["sda", "sdc"], BOTH),
        ("PURE_1", ["sdc", "sdd"], [(OTHER,)]),
        ("PURE_1", ["sdd"], []),
        ("PURE_1", [], []),
    ],
)
def test_paths_that_do_not_are_refused(
    machine: Machine, wwid: str, paths: list[str], luns: list[tuple[str, ...]]
) -> None:
    machine.mapped("dm-0", f"mpath-{wwid}", paths)
    assert machine.luns_of("dm-0") == (luns, False)


def test_multipath_may_be_called_by_a_name_of_its_makers(machine: Machine) -> None:
    machine.mapped("dm-0", "mpath-PURE_1", ["sda", "sdb"])
    assert machine.luns_of("dm-0") == ([(PURE,)], True)


def test_links_of_udev_to_one_path_or_to_the_map_belong_to_the_lun(machine: Machine) -> None:
    machine.mapped("dm-0", f"mpath-{WWID}", ["sda", "sdb"])
    machine.by_id("scsi-20025388b710116a1", "dm-0")
    machine.by_id("wwn-0x5000000000000001", "sdb")
    assert machine.luns_of("dm-0") == ([(PURE, "eui.0025388b710116a1", "naa.5000000000000001")], True)


def test_links_alone_let_paths_agree_only_if_each_has_them(machine: Machine) -> None:
    machine.mapped("dm-0", f"mpath-{WWID}", ["sdd"])
    machine.by_id(f"scsi-{WWID}", "sdd")
    assert machine.luns_of("dm-0") == ([(PURE,)], True)


def test_a_partition_made_by_kpartx_lies_on_its_map(machine: Machine) -> None:
    machine.mapped("dm-0", f"mpath-{WWID}", ["sda", "sdb"])
    machine.mapped("dm-1", f"part1-mpath-{WWID}", ["dm-0"], "mpatha-part1")
    assert machine.luns_of("dm-1") == ([(PURE,)], True)
    assert layout(machine) == ("/dev/mapper/mpatha-part1", DiskLayout.BASIC)


def test_a_plain_logical_volume_lies_on_all_its_luns(machine: Machine) -> None:
    machine.mapped("dm-0", f"mpath-{WWID}", ["sda", "sdb"])
    machine.mapped("dm-1", f"part2-mpath-{WWID}", ["dm-0"])
    machine.partition("sdc", "sdc1")
    machine.mapped("dm-2", logical_volume("A"), ["dm-1", "sdc1"], "vg-lv")
    assert machine.luns_of("dm-2") == (BOTH, True)
    assert layout(machine) == ("/dev/mapper/vg-lv", DiskLayout.LVM)


def test_a_logical_volume_on_a_lun_that_is_not_known_is_not_complete(machine: Machine) -> None:
    machine.logical_volume("dm-0", "A", ["sda", "sdd"])
    assert machine.luns_of("dm-0") == ([(PURE,)], False)


def test_a_group_on_a_logical_volume_of_another_group_is_resolved(machine: Machine) -> None:
    machine.mapped("dm-0", logical_volume("A", group="g" * 32), ["sda"])
    machine.logical_volume("dm-1", "B", ["dm-0"])
    assert machine.luns_of("dm-1") == ([(PURE,)], True)


@pytest.mark.parametrize(
    "layers",
    [
        ["-tpool", "-tdata", "-tmeta"],
        ["-real", "-cow"],
        ["-cdata", "-cmeta", "-real"],
        ["", ""],  # images of a mirror or raid, the inside of a move
    ],
)
def test_volumes_that_move_blocks_by_themselves_are_refused_with_their_luns(
    machine: Machine, layers: list[str]
) -> None:
    names = [f"dm-{number}" for number in range(len(layers))]
    for name, layer, disk in zip(names, layers, ("sda", "sdc", "sda"), strict=False):
        machine.logical_volume(name, name[-1], [disk], layer)
    machine.logical_volume("dm-9", "Z", names)
    assert machine.luns_of("dm-9") == (BOTH, False)
    assert layout(machine)[1] is DiskLayout.LVM


def test_a_layer_of_a_volume_is_no_plain_volume_itself(machine: Machine) -> None:
    machine.logical_volume("dm-0", "A", ["sda"], "-real")
    assert machine.luns_of("dm-0") == ([(PURE,)], False)


@pytest.mark.parametrize("kind", ["LUKS1", "LUKS2", "PLAIN"])
def test_an_encrypted_device_lies_on_what_it_encrypts(machine: Machine, kind: str) -> None:
    machine.partition("sda", "sda1")
    machine.mapped("dm-0", f"CRYPT-{kind}-0123456789abcdef-secret", ["sda1"], "secret")
    assert machine.luns_of("dm-0") == ([(PURE,)], True)
    assert layout(machine) == ("/dev/mapper/secret", DiskLayout.BASIC)


def test_encryption_over_a_logical_volume_is_managed_as_that_is(machine: Machine) -> None:
    machine.logical_volume("dm-0", "A", ["sda"])
    machine.mapped("dm-1", "CRYPT-LUKS2-0123456789abcdef-secret", ["dm-0"])
    assert machine.luns_of("dm-1") == ([(PURE,)], True)
    assert layout(machine)[1] is DiskLayout.LVM


@pytest.mark.parametrize(
    ("uuid", "parts"),
    [
        ("CRYPT-LUKS2-0123456789abcdef-secret", ["dm-0"]),  # over the helper of a re-encryption
        ("CRYPT-LUKS2-0123456789abcdef-secret", ["sda", "sdc"]),
        ("CRYPT-VERITY-0123456789abcdef-x", ["sda"]),
        ("DMRAID-isw_x", ["sda"]),
        ("part1-x", ["sda", "sdc"]),
        ("mypart1-x", ["sda"]),
        ("LVM-short", ["sda"]),
        ("", ["sda"]),
        ("", []),
    ],
)
def test_maps_of_any_other_make_are_refused_with_their_luns(
    machine: Machine, uuid: str, parts: list[str]
) -> None:
    machine.mapped("dm-0", "CRYPT-TEMP-x", ["sda"])
    machine.mapped("dm-1", uuid, parts)
    luns, complete = machine.luns_of("dm-1")
    assert not complete
    assert luns == [(OTHER,) if part == "sdc" else (PURE,) for part in parts]


def test_devices_of_unknown_make_that_stand_on_others_are_refused_with_their_luns(machine: Machine) -> None:
    machine.made_of("bcache0", ["sda", "sdc"])
    machine.by_id("wwn-0x5000000000000001", "bcache0")
    assert machine.luns_of("bcache0") == (BOTH, False)


@pytest.mark.parametrize("level", ["raid0", "linear"])
def test_an_md_array_that_only_spreads_is_complete(machine: Machine, level: str) -> None:
    machine.md("md0", ["sda", "sdc"], level)
    assert machine.luns_of("md0") == (BOTH, True)
    assert layout(machine) == ("/dev/md0", DiskLayout.LVM)


def test_an_md_array_at_rest_is_complete(machine: Machine) -> None:
    machine.md("md0", ["sda", "sdc"], "raid1", md__degraded="0", md__sync_action="idle")
    machine.partition("md0", "md0p1")
    assert machine.luns_of("md0p1") == (BOTH, True)
    assert layout(machine) == ("/dev/md0p1", DiskLayout.LVM)


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("raid1", {"md__degraded": "1", "md__sync_action": "idle"}),
        ("raid5", {"md__degraded": "0", "md__sync_action": "check"}),
        ("raid6", {}),
        ("raid0", {"md__raid_disks": "3"}),
        ("raid10", {"md__degraded": "0", "md__sync_action": "idle", "md__raid_disks": "1"}),
        ("faulty", {"md__degraded": "0", "md__sync_action": "idle"}),
        ("container", {}),
    ],
)
def test_an_md_array_that_is_not_at_rest_or_not_whole_is_refused(
    machine: Machine, level: str, told: dict[str, str]
) -> None:
    machine.md("md0", ["sda", "sdc"], level, **told)
    assert machine.luns_of("md0") == (BOTH, False)


def test_an_md_array_with_a_member_that_is_not_known_is_refused(machine: Machine) -> None:
    machine.md("md0", ["sda", "sdd"], "raid0")
    assert machine.luns_of("md0") == ([(PURE,)], False)
