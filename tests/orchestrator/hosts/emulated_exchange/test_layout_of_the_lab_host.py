from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.errors import BadInput
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultName, FaultPlan
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.hosts.emulated_exchange.emulator.layout import Place, lay_out
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, VolumeRole, read_options
from orchestrator.model.hosts import DiskLayout, HoldEnd, Survey
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import DEAD_MAN_S, fault, open_set


def array(*names: str) -> Mapping[str, Any]:
    volumes = [{"name": name, "lun_id": f"naa.{name}", "path": f"/lab/{name}"} for name in names]
    return {"lock": "/lab/lock", "volumes": volumes}


def homes(options: HostOptions) -> dict[str, tuple[str, str]]:
    found = {}
    for name in options.databases:
        database = options.volume_of(name, VolumeRole.DATABASE)
        log = options.volume_of(name, VolumeRole.LOG)
        assert database is not None
        assert log is not None
        found[name] = (database.mount_point, log.mount_point)
    return found


def test_one_array_volume_each_holds_two_databases() -> None:
    options = HostOptions(volumes=lay_out([array("exch-log"), array("exch-db")], {}))
    assert homes(options) == {"DB01": ("D:\\", "L:\\"), "DB02": ("D:\\", "L:\\")}


def test_many_array_volumes_hold_a_database_each() -> None:
    names = [f"{kind}{number}" for kind in ("db", "log") for number in range(20)]
    options = HostOptions(volumes=lay_out([array(*names)], {}))
    found = homes(options)
    assert len(found) == 20
    assert found["DB02"] == ("E:\\", "M:\\")
    assert len({home for pair in found.values() for home in pair}) == 40


def test_places_are_taken_as_they_are_named() -> None:
    places = {"Mail": Place("b", "a"), "Archive": Place("c", "a")}
    options = HostOptions(volumes=lay_out([array("a", "b", "c")], places))
    assert homes(options) == {"Mail": ("D:\\", "L:\\"), "Archive": ("E:\\", "L:\\")}


@pytest.mark.parametrize(
    "arrays",
    [[], [array("db1", "db2")], [array("log1")], [array("db", "log"), array("db")], [{"volumes": []}]],
)
def test_arrays_that_fit_no_server_are_refused(arrays: list[Mapping[str, Any]]) -> None:
    with pytest.raises(BadInput):
        lay_out(arrays, {})


def volume(mount_point: str, role: str, lun_id: str, **more: Any) -> dict[str, Any]:
    return {"mount_point": mount_point, "role": role, "lun_id": lun_id, **more}


async def survey_of(*volumes: Mapping[str, Any]) -> Survey:
    return await InProcessHost(read_options({"volumes": list(volumes)})).survey()


async def test_awkward_disks_can_be_laid_out() -> None:
    survey = await survey_of(
        volume("D:\\", "database", "naa.d", databases=["DB01"], layout="dynamic", complete=False),
        volume("L:\\", "log", "naa.l", databases=["DB01"]),
        volume("S:\\", "other", "naa.d"),
    )
    dynamic, _, bystander = survey.host_volumes[1:]
    assert dynamic.layout is DiskLayout.DYNAMIC
    assert not dynamic.complete
    assert bystander.luns == dynamic.luns
    assert bystander.name != dynamic.name


async def test_a_database_without_a_log_volume_shows_logs_on_no_lun() -> None:
    survey = await survey_of(volume("D:\\", "database", "naa.d", databases=["DB01"]))
    assert survey.components[0].files == (
        "D:\\DB01\\DB01.edb",
        "C:\\Lost\\DB01\\E00.log",
        "C:\\Lost\\DB01\\E00*.log",
        "C:\\Lost\\DB01\\E00.chk",
    )


async def test_a_database_of_2003_has_a_streaming_file_beside_it() -> None:
    homes = [
        volume("D:\\", "database", "naa.d", databases=["DB01", "DB02"]),
        volume("L:\\", "log", "naa.l", databases=["DB01", "DB02"]),
    ]
    host = InProcessHost(read_options({"volumes": homes, "exchange": "2003"}))
    second = next(one for one in (await host.survey()).components if one.caption == "DB02")
    assert second.files == (
        "D:\\DB02\\DB02.edb",
        "D:\\DB02\\DB02.stm",
        "L:\\DB02\\E01.log",
        "L:\\DB02\\E01*.log",
        "L:\\DB02\\E01.chk",
    )


async def test_the_parts_of_a_database_cannot_be_selected_by_themselves() -> None:
    survey = await survey_of(
        volume("D:\\", "database", "naa.d", databases=["DB01"]),
        volume("L:\\", "log", "naa.l", databases=["DB01"]),
    )
    whole, pages, logs, system = survey.components
    assert [one.selectable for one in survey.components] == [True, False, False, False]
    assert (*pages.files, *logs.files) == whole.files
    assert pages.logical_path == logs.logical_path == rf"{whole.logical_path}\{whole.name}"
    assert system.instance_id != whole.instance_id


async def test_a_server_keeps_its_identity_but_not_its_writer_instances() -> None:
    first, second = (InProcessHost(HostOptions(name="EXCH07")) for _ in range(2))
    other = InProcessHost(HostOptions(name="EXCH08"))
    assert await first.identify() == await second.identify()
    assert (await first.identify()).host_id != (await other.identify()).host_id
    assert (await first.survey()).writers != (await second.survey()).writers


async def test_a_hundred_idle_hosts_fit_into_one_process() -> None:
    async def night(number: int) -> HoldEnd:
        volumes = lay_out([array("log", "db")], {})
        host = InProcessHost(HostOptions(name=f"EXCH{number:03d}", volumes=volumes))
        host_set = await open_set(host)
        await host_set.freeze(DEAD_MAN_S)
        return (await host_set.thaw()).hold_ended_by

    assert set(await asyncio.gather(*map(night, range(100)))) == {HoldEnd.RELEASE}


def test_a_fault_strikes_at_its_position_only() -> None:
    plan = FaultPlan(fault("hangs-on-thaw", position=2))
    assert [plan.due(FaultName.HANGS_ON_THAW) is not None for _ in range(4)] == [False, True, False, False]
    assert plan.due(FaultName.WRITER_GONE) is None


def test_a_fault_at_position_0_strikes_every_time() -> None:
    plan = FaultPlan(fault("hangs-on-thaw", position=0))
    assert all(plan.due(FaultName.HANGS_ON_THAW) for _ in range(3))
