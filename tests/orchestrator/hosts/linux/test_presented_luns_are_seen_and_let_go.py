from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import ArrayRejected, HostError
from orchestrator.hosts.linux import lun_devices
from orchestrator.hosts.linux.device_control import DeviceControl
from orchestrator.hosts.linux.lun_devices import ThisMachine
from orchestrator.hosts.linux.lun_search import tell
from orchestrator.model.arrays import Presentation
from tests.orchestrator.hosts.linux.machine import OTHER, write
from tests.orchestrator.hosts.linux.san import BY_ID, CLONE, PROMISED, San

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def san(tmp_path: Path) -> San:
    return San(tmp_path)


async def after(seconds: float, act: Callable[[], None]) -> None:
    await asyncio.sleep(seconds)
    act()


# ------------------------------------------------------------------ seeing


async def test_a_lun_that_turns_up_after_a_scan_is_made_read_only_and_named(san: San) -> None:
    san.scsi_host("host3", "fc_host")
    san.path("sdx", OTHER)
    waiting = asyncio.create_task(san.machine.see(CLONE, PROMISED))
    await after(1.0, lambda: san.path("sdc"))
    assert await waiting == Presentation(CLONE.volume_id, "/dev/sdc", "/dev/sdc")
    assert san.scanned() == {"host3"}
    assert san.control.asked == ["read-only sdc"]


async def test_seeing_twice_is_the_same_as_once_and_needs_no_scan(san: San) -> None:
    san.scsi_host("host3")
    san.path("sdc")
    assert await san.machine.see(CLONE, PROMISED) == await san.machine.see(CLONE, PROMISED)
    assert not san.scanned()


async def test_the_name_that_udev_gives_is_preferred_where_it_leads_to_the_device(san: San) -> None:
    san.path("sdc")
    san.by_id(Path(BY_ID).name, "sdc")
    assert (await san.machine.see(CLONE, PROMISED)).file == BY_ID


async def test_a_name_of_udevs_that_leads_elsewhere_is_not_believed(san: San) -> None:
    san.path("sdc")
    san.path("sdx", OTHER)
    san.by_id(Path(BY_ID).name, "sdx")
    assert (await san.machine.see(CLONE, PROMISED)).file == "/dev/sdc"


async def test_hosts_that_lead_to_a_san_are_scanned_and_all_hosts_where_there_are_none(san: San) -> None:
    san.scsi_host("host0")
    san.scsi_host("host5", "iscsi_host")
    with pytest.raises(HostError):
        await san.machine.see(CLONE, PROMISED)
    assert san.scanned() == {"host5"}


async def test_all_hosts_are_scanned_where_none_leads_to_a_san(san: San) -> None:
    san.scsi_host("host0")
    with pytest.raises(HostError):
        await san.machine.see(CLONE, PROMISED)
    assert san.scanned() == {"host0"}


async def test_a_lun_that_never_turns_up_is_told_in_time(san: San) -> None:
    san.path("sdx", OTHER)
    started = asyncio.get_running_loop().time()
    with pytest.raises(HostError, match=f"{CLONE.lun_id} has not turned up") as caught:
        await san.machine.see(CLONE, PROMISED)
    assert (caught.value.code, caught.value.subject) == ("host.lun-not-visible", CLONE.name)
    assert asyncio.get_running_loop().time() - started == pytest.approx(lun_devices.VISIBLE_S)


async def test_a_disk_without_its_node_is_not_seen_yet(san: San) -> None:
    san.path("sdc")
    (san.root / "dev/sdc").unlink()
    waiting = asyncio.create_task(san.machine.see(CLONE, PROMISED))
    await after(1.0, lambda: write(san.root / "dev/sdc", ""))
    assert not waiting.done()
    assert (await waiting).device == "/dev/sdc"


async def test_the_scan_is_repeated_while_nothing_turns_up(san: San) -> None:
    scan = san.scsi_host("host3", "fc_host")
    waiting = asyncio.create_task(san.machine.see(CLONE, PROMISED))
    await after(1.0, lambda: write(scan, ""))
    await after(lun_devices.SCAN_EVERY_S, lambda: san.path("sdc"))
    await waiting
    assert san.scanned() == {"host3"}


async def test_a_device_left_behind_by_another_lun_is_found_out_by_asking_again(
    san: San, monkeypatch: pytest.MonkeyPatch
) -> None:
    san.path("sdc")

    def asked_again(place: Path, text: str) -> bool:
        if place.name == "rescan":  # the array tells the kernel who is there now
            write(place.parent / "wwid", OTHER)
        return tell(place, text)

    monkeypatch.setattr("orchestrator.hosts.linux.lun_search.tell", asked_again)
    with pytest.raises(HostError) as caught:
        await san.machine.see(CLONE, PROMISED)
    assert caught.value.code == "host.lun-not-visible"
    assert san.control.asked == []


async def test_the_multipath_device_is_waited_for_and_preferred(san: San) -> None:
    write(san.root / "run/multipathd.pid", "77")
    san.path("sdc")
    san.path("sdd")
    waiting = asyncio.create_task(san.machine.see(CLONE, PROMISED))
    await after(1.0, lambda: san.multipath("dm-3", ["sdc", "sdd"]))
    assert (await waiting).device == "/dev/mapper/mpatha"
    assert san.control.asked == ["read-only mpatha", "read-only sdc", "read-only sdd"]


async def test_a_path_will_do_where_multipathd_makes_no_device_of_it(san: San) -> None:
    write(san.root / "run/multipathd.pid", "77")
    san.path("sdc")
    started = asyncio.get_running_loop().time()
    assert (await san.machine.see(CLONE, PROMISED)).device == "/dev/sdc"
    assert asyncio.get_running_loop().time() - started >= lun_devices.MULTIPATH_S


async def test_a_multipath_device_that_stands_on_another_lun_too_is_not_taken(san: San) -> None:
    san.path("sdc")
    san.path("sdx", OTHER)
    san.multipath("dm-3", ["sdc", "sdx"])
    assert (await san.machine.see(CLONE, PROMISED)).device == "/dev/sdc"


async def test_partitions_become_read_only_too(san: San) -> None:
    san.path("sdc")
    san.partition("sdc", "sdc1")
    await san.machine.see(CLONE, PROMISED)
    assert san.control.asked == ["read-only sdc", "read-only sdc1"]


async def test_a_device_that_stays_writable_is_refused(san: San) -> None:
    san.path("sdc")
    san.control.stubborn.add("sdc")
    with pytest.raises(HostError, match="Operation not permitted") as caught:
        await san.machine.see(CLONE, PROMISED)
    assert caught.value.code == "host.lun-not-read-only"


async def test_a_kernel_that_does_not_confirm_is_not_believed(
    san: San, monkeypatch: pytest.MonkeyPatch
) -> None:
    san.path("sdc")
    monkeypatch.setattr(type(san.control), "make_read_only", lambda _self, _node: False)
    with pytest.raises(HostError) as caught:
        await san.machine.see(CLONE, PROMISED)
    assert caught.value.code == "host.lun-not-read-only"


async def test_an_account_that_may_not_scan_is_told_so(san: San, monkeypatch: pytest.MonkeyPatch) -> None:
    san.scsi_host("host3")

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(HostError) as caught:
        await san.machine.see(CLONE, PROMISED)
    assert caught.value.code == "host.not-permitted"


async def test_what_a_software_array_has_presented_passes_straight_through(san: San) -> None:
    for done in (
        Presentation("c", "/srv/store/clones/c", "/dev/loop7"),
        Presentation("c", "/srv/store/clones/c"),
    ):
        assert await san.machine.see(replace(CLONE, lun_id="file.8:1-77"), done) == done
    assert san.control.asked == []


# ------------------------------------------------------------------ the lab's stand-in for a device


async def test_a_link_to_a_file_is_waited_for_and_has_no_device(tmp_path: Path, san: San) -> None:
    link, bytes_ = tmp_path / "fabric" / Path(BY_ID).name, tmp_path / "bytes"
    link.parent.mkdir()
    bytes_.touch()
    waiting = asyncio.create_task(san.machine.see(CLONE, Presentation("clone-id", str(link), str(link))))
    await after(1.0, lambda: link.symlink_to(bytes_))
    assert await waiting == Presentation("clone-id", str(link))


async def test_a_link_that_does_not_come_or_leads_to_no_file_is_told(tmp_path: Path, san: San) -> None:
    link = tmp_path / Path(BY_ID).name
    link.symlink_to("/dev/null")
    with pytest.raises(HostError) as caught:
        await san.machine.see(CLONE, Presentation("clone-id", str(link), str(link)))
    assert caught.value.code == "host.lun-not-visible"


async def test_a_file_by_another_name_than_the_luns_is_not_taken_for_it(tmp_path: Path, san: San) -> None:
    other = tmp_path / f"wwn-0x{OTHER.removeprefix('naa.')}"
    other.touch()
    with pytest.raises(HostError, match="is not the name of"):
        await san.machine.see(CLONE, Presentation("clone-id", str(other), str(other)))


# ------------------------------------------------------------------ letting go


async def test_the_devices_of_a_lun_are_flushed_and_deleted_before_it_is_withdrawn(san: San) -> None:
    san.path("sdc")
    san.path("sdx", OTHER)
    letting_go = asyncio.create_task(san.machine.forget(CLONE))
    await asyncio.sleep(0.5)
    assert san.deleted() == ["sdc"]
    assert san.control.asked == ["flush sdc"]
    assert not letting_go.done()
    san.remove("sdc")
    await letting_go
    await san.machine.forget(CLONE)  # twice is once


async def test_the_multipath_device_goes_before_its_paths(san: San) -> None:
    san.path("sdc")
    san.path("sdd")
    san.multipath("dm-3", ["sdc", "sdd"])
    order: list[list[str]] = []
    san.control.on_drop.append(lambda: order.append(san.deleted()))
    san.control.on_drop.append(lambda: san.remove("dm-3"))
    letting_go = asyncio.create_task(san.machine.forget(CLONE))
    await asyncio.sleep(0.5)
    assert order == [[]]
    assert san.deleted() == ["sdc", "sdd"]
    assert san.control.asked == ["flush mpatha", "drop mpatha"]
    san.remove("sdc")
    san.remove("sdd")
    await letting_go


async def test_a_multipath_device_that_does_not_go_keeps_its_paths(san: San) -> None:
    san.path("sdc")
    san.multipath("dm-3", ["sdc"])
    machine = ThisMachine(san.root, replace(san.control, complaint="mpatha: map in use"))
    with pytest.raises(ArrayRejected, match="map in use") as caught:
        await machine.forget(CLONE)
    assert caught.value.code == "array.in-use"
    assert san.deleted() == []


@pytest.mark.parametrize("how", ["mounted", "open", "logical volume", "partition open"])
async def test_a_lun_in_use_is_not_deleted(san: San, how: str) -> None:
    san.path("sdc")
    san.partition("sdc", "sdc1")
    match how:
        case "mounted":
            san.control.claimed.add("sdc")
        case "open":
            san.control.claimed.add((san.root / "sys/class/block/sdc/dev").read_text().strip())
        case "partition open":
            san.control.claimed.add((san.root / "sys/class/block/sdc1/dev").read_text().strip())
        case _:
            san.logical_volume("dm-7", "a", ["sdc1"])
    with pytest.raises(ArrayRejected) as caught:
        await san.machine.forget(CLONE)
    assert (caught.value.code, caught.value.subject) == ("array.in-use", CLONE.name)
    assert san.deleted() == []
    assert san.control.asked == []


async def test_a_partition_of_a_multipath_device_is_no_use_of_it_unless_it_is_used(san: San) -> None:
    san.path("sdc")
    san.multipath("dm-3", ["sdc"])
    san.mapped("dm-4", "part1-mpath-3624a9370", ["dm-3"], dm_name="mpatha1")
    san.control.claimed.add("mpatha")  # by its own partition
    letting_go = asyncio.create_task(san.machine.forget(CLONE))
    await asyncio.sleep(0.5)
    assert san.deleted() == ["sdc"]
    for name in ("dm-4", "dm-3", "sdc"):
        san.remove(name)
    await letting_go


async def test_a_mounted_partition_of_a_multipath_device_is_a_use_of_it(san: San) -> None:
    san.path("sdc")
    san.multipath("dm-3", ["sdc"])
    san.mapped("dm-4", "part1-mpath-3624a9370", ["dm-3"], dm_name="mpatha1")
    san.control.claimed.update({"mpatha", "mpatha1"})
    with pytest.raises(ArrayRejected, match="mpatha1 is mounted"):
        await san.machine.forget(CLONE)


async def test_somebody_who_only_looks_in_is_waited_for(san: San) -> None:
    san.path("sdc")
    san.control.claimed.add("sdc")
    letting_go = asyncio.create_task(san.machine.forget(CLONE))
    await after(1.0, san.control.claimed.clear)
    await asyncio.sleep(0.5)
    assert san.deleted() == ["sdc"]
    san.remove("sdc")
    await letting_go


async def test_a_device_that_comes_back_or_stays_is_told(san: San) -> None:
    san.path("sdc")
    with pytest.raises(HostError) as caught:
        await san.machine.forget(CLONE)
    assert caught.value.code == "host.lun-not-gone"


async def test_a_disk_that_is_no_scsi_disk_goes_by_itself(san: San) -> None:
    san.disk("vdb", wwid=CLONE.lun_id)
    await san.machine.forget(CLONE)


async def test_what_has_no_lun_identity_of_an_array_is_let_go_without_a_look(san: San) -> None:
    san.disk("vdb", serial="clone", device__delete="")
    await san.machine.forget(replace(CLONE, lun_id="serial.clone"))
    await san.machine.forget(replace(CLONE, lun_id=""))
    assert san.deleted() == []


# ------------------------------------------------------------------ the kernel itself


def test_a_process_that_has_a_device_open_is_named(tmp_path: Path) -> None:
    write(tmp_path / "4242/comm", "reader")
    (tmp_path / "4242/fd").mkdir()
    (tmp_path / "4242/fd/7").symlink_to("/dev/null")
    (tmp_path / "4242/fd/8").symlink_to("/nowhere")
    control = DeviceControl(tmp_path)
    assert control.holder({"1:3"}) == "reader (4242)"
    assert control.holder({"8:32"}) == ""


def test_a_node_that_is_gone_is_neither_claimed_nor_flushed(tmp_path: Path) -> None:
    control = DeviceControl(tmp_path)
    assert not control.is_claimed(tmp_path / "sdc")
    control.flush(tmp_path / "sdc")


def test_a_missing_program_is_a_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "cannot be run" in DeviceControl().drop_multipath("mpatha")
