"""The coordinator of this machine, over its real file systems; only those of the test are frozen."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.fsfreeze import coordinator
from orchestrator.hosts.fsfreeze.coordinator import FREEZABLE, FsfreezeCoordinator, FsfreezeSettings
from orchestrator.hosts.fsfreeze.local_paths import volumes_under
from orchestrator.hosts.linux.survey import HostFileSystem, linux_survey
from orchestrator.lab.real.file_systems import LabFileSystem, made_file_system, mounted, thaw
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import HoldEnd, HostVolume
from orchestrator.plugin import ProviderContext, Secret, SetPlan
from tests.orchestrator.hosts.fsfreeze.conftest import Make

pytestmark = pytest.mark.real

CONTEXT = ProviderContext("here", "file:///", Secret(""))


@pytest.fixture
async def here(tmp_path: Path, make: Make) -> AsyncIterator[FsfreezeCoordinator]:
    there = FsfreezeCoordinator(CONTEXT, FsfreezeSettings(runtime_folder=tmp_path / "run"))
    await there.connect()
    yield there
    await there.close()
    assert not list((tmp_path / "run").glob("*"))


def plan_of(*names: str) -> SetPlan:
    return SetPlan(str(uuid4()), 3, 0, 0, (), (), names, DEFAULT_BUDGETS)


async def test_a_set_goes_from_survey_to_completion(
    ext4: LabFileSystem, xfs: LabFileSystem, here: FsfreezeCoordinator
) -> None:
    file_systems = [ext4, xfs]
    survey = await here.survey()
    for one in file_systems:
        component = next(each for each in survey.components if each.name == one.device)
        assert (component.instance_id, component.caption) == ("", str(one.mount_point))
        assert component.files == (f"{one.mount_point}/",)
        volume = next(each for each in survey.host_volumes if each.name == one.device)
        assert volume.mount_points == (str(one.mount_point),)
        assert volume.luns[0].lun_id.startswith("file.")
    assert survey.writers == ()
    host_set = await here.open(plan_of(*(one.device for one in file_systems)))
    frozen = await host_set.freeze(DEFAULT_BUDGETS.freeze_s)
    release = await host_set.thaw()
    assert (frozen.writers, frozen.file_systems) == ((), 2)
    assert (release.hold_ended_by, release.file_systems, release.set_status) == (HoldEnd.RELEASE, 2, 0)
    assert await host_set.writer_status() == ()
    await host_set.complete(succeeded=True)
    for one in file_systems:
        assert not await asyncio.to_thread(thaw, one.mount_point)


async def test_an_open_set_is_aborted_whether_frozen_or_not(
    ext4: LabFileSystem, here: FsfreezeCoordinator
) -> None:
    for frozen in (False, True):
        host_set = await here.open(plan_of(ext4.device))
        if frozen:
            await host_set.freeze(DEFAULT_BUDGETS.freeze_s)
        await host_set.abort()
        await host_set.abort()
        assert not await asyncio.to_thread(thaw, ext4.mount_point)


async def test_only_one_set_at_a_time_is_open(ext4: LabFileSystem, here: FsfreezeCoordinator) -> None:
    first = await here.open(plan_of(ext4.device))
    with pytest.raises(HostError) as busy:
        await here.open(plan_of(ext4.device))
    assert busy.value.code == "host.busy"
    await first.abort()


async def test_a_set_can_be_recovered_by_its_id(ext4: LabFileSystem, here: FsfreezeCoordinator) -> None:
    plan = plan_of(ext4.device)
    host_set = await here.open(plan)
    await host_set.freeze(DEFAULT_BUDGETS.freeze_s)
    await here.recover(plan.set_id, plan.fence)
    assert not await asyncio.to_thread(thaw, ext4.mount_point)
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.ABORT
    await host_set.abort()
    await here.recover(str(uuid4()), 1)


@pytest.fixture
def three_times(ext4: LabFileSystem, tmp_path: Path) -> Iterator[set[str]]:
    bound, read_only = tmp_path / "bound", tmp_path / "read-only"
    with mounted(str(ext4.mount_point), bound, "bind"), mounted(ext4.device, read_only):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(read_only)], check=True)
        yield {str(ext4.mount_point), str(bound), str(read_only)}


async def test_a_file_system_is_frozen_once_however_often_it_is_mounted(
    ext4: LabFileSystem, here: FsfreezeCoordinator, three_times: set[str]
) -> None:
    volume = next(one for one in (await here.survey()).host_volumes if one.name == ext4.device)
    assert set(volume.mount_points) == three_times
    host_set = await here.open(plan_of(ext4.device))
    assert (await host_set.freeze(DEFAULT_BUDGETS.freeze_s)).file_systems == 1
    assert (await host_set.thaw()).file_systems == 1
    await host_set.complete(succeeded=True)


async def test_what_is_not_mounted_is_refused(here: FsfreezeCoordinator) -> None:
    with pytest.raises(HostError) as missing:
        await here.open(plan_of("/dev/no-such-device"))
    assert (missing.value.code, missing.value.subject) == ("host.not-mounted", "/dev/no-such-device")


async def test_leases_do_not_lie_on_what_is_frozen(ext4: LabFileSystem) -> None:
    place = ext4.mount_point / "not" / "made yet"
    there = FsfreezeCoordinator(CONTEXT, FsfreezeSettings(runtime_folder=place))
    with pytest.raises(HostError, match="the leases lie on it") as refused:
        await there.open(plan_of(ext4.device))
    assert refused.value.code == "host.not-freezable"
    assert not (ext4.mount_point / "not").exists()


@pytest.mark.parametrize(
    ("kind", "st_dev", "reason"),
    [
        ("ext4", os.stat("/").st_dev, "root"),  # noqa: PTH116 - as the code asks
        ("vfat", 99, "vfat"),
        ("gfs2", 99, "gfs2"),
        ("xfs", None, "mounted over"),
    ],
)
async def test_what_must_not_be_frozen_is_not_offered_and_refused(
    here: FsfreezeCoordinator,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    st_dev: int | None,
    reason: str,
) -> None:
    st_devs = {} if st_dev is None else {"/somewhere": st_dev}
    one = HostFileSystem(HostVolume("/dev/sdz", tuple(st_devs), ()), kind, st_devs)
    monkeypatch.setattr(coordinator, "linux_survey", lambda: (one,))
    survey = await here.survey()
    assert (survey.components, survey.host_volumes) == ((), (one.volume,))
    with pytest.raises(HostError, match=reason) as refused:
        await here.open(plan_of("/dev/sdz"))
    assert refused.value.code == "host.not-freezable"
    sound = replace(one, kind="ext4", st_devs={"/somewhere": 99}, volume=HostVolume("x", ("/somewhere",), ()))
    monkeypatch.setattr(coordinator, "linux_survey", lambda: (sound,))
    assert len((await here.survey()).components) == 1


def test_the_root_is_never_offered_here_either() -> None:
    for one in linux_survey():
        if "/" in one.volume.mount_points:
            assert coordinator._obstacle(one) is not None


@pytest.fixture
def inside(ext4: LabFileSystem, xfs: LabFileSystem) -> Iterator[Path]:
    """Mount one file system in a folder of the other."""
    with mounted(xfs.device, ext4.mount_point / "inside") as place:
        yield place


@pytest.fixture
def subvolume(btrfs: LabFileSystem) -> Path:
    place = btrfs.mount_point / "subvolume"
    subprocess.run(["btrfs", "-q", "subvolume", "create", str(place)], check=True)
    return place


async def test_paths_are_found_on_the_file_system_that_they_lie_on(
    here: FsfreezeCoordinator,
    ext4: LabFileSystem,
    xfs: LabFileSystem,
    btrfs: LabFileSystem,
    inside: Path,
    subvolume: Path,
) -> None:
    (ext4.mount_point / "file").touch()
    expected = {
        ext4.mount_point: ext4.device,
        ext4.mount_point / "file" / "below a file": ext4.device,
        ext4.mount_point / "not" / "there yet": ext4.device,
        inside / "new": xfs.device,
        subvolume / "database": btrfs.device,  # its st_dev is that of no mount point
    }
    found = await here.volumes_under([*expected, Path("/proc/self")])
    assert {path: needed[0] for path, needed in found.items()} == expected


def test_what_lies_below_an_image_is_needed_as_well(ext4: LabFileSystem, tmp_path: Path) -> None:
    with made_file_system("ext4", ext4.mount_point / "image", tmp_path / "upper") as upper:
        (needed,) = volumes_under([upper.mount_point / "state"], linux_survey()).values()
        assert needed[:2] == [upper.device, ext4.device]


async def test_it_says_what_it_is(here: FsfreezeCoordinator) -> None:
    identity = await here.identify()
    assert identity == await here.identify()
    assert identity.product.startswith("Linux ")
    assert not identity.emulated
    assert (here.ceiling, here.needs_secret) == (Grade.FILE_SYSTEM_CONSISTENT, False)
    assert "gfs2" not in FREEZABLE
