"""Writers, component trees and databases of the emulated server, as each Exchange shows them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.hosts.emulated_exchange.emulator.metadata import EXCHANGE_WRITER_ID
from orchestrator.hosts.emulated_exchange.emulator.options import (
    HostOptions,
    LabDatabase,
    LabVolume,
    SqlDatabase,
    VolumeRole,
    read_options,
)
from orchestrator.model.exchange import CopyRole, MailboxDatabase
from orchestrator.model.hosts import Component, LogsKept, Survey
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import DEAD_MAN_S, plan_for
from tests.virtual_time import VirtualClock

pytestmark = pytest.mark.virtual_time

FULL, INCREMENTAL, DIFFERENTIAL, LOG, COPY, OTHER = 1, 2, 3, 4, 5, 6
SERVERS = ("EXCH01", "EXCH02")
BOTH = ("DB01", "DB02")
VOLUMES = (
    LabVolume(mount_point="D:\\", role=VolumeRole.DATABASE, lun_id="naa.d", databases=BOTH),
    LabVolume(mount_point="L:\\", role=VolumeRole.LOG, lun_id="naa.l", databases=BOTH),
    LabVolume(mount_point="S:\\", role=VolumeRole.OTHER, lun_id="naa.s"),
)


def server(version: str, *databases: LabDatabase, **more: Any) -> InProcessHost:
    options = HostOptions(exchange=version, volumes=VOLUMES, mailbox_databases=databases, **more)
    return InProcessHost(options, clock=VirtualClock())


def selectable(survey: Survey) -> list[Component]:
    return [one for one in survey.components if one.selectable]


def parts(survey: Survey, whole: Component) -> list[Component]:
    """Return what a selectable component implies: everything below it."""
    below = rf"{whole.logical_path}\{whole.name}"
    return [one for one in survey.components if one.logical_path == below]


async def databases(host: InProcessHost) -> dict[str, MailboxDatabase]:
    exchange = (await host.survey()).exchange
    assert exchange is not None
    return {one.name: one for one in exchange.databases}


WRITERS = {
    "2003": ["Microsoft Exchange Writer", "System Writer"],
    "2007": ["Microsoft Exchange Writer", "Microsoft Exchange Replica Writer", "System Writer"],
    "2010": ["Microsoft Exchange Writer", "Microsoft Exchange Replica Writer", "System Writer"],
    "2013": ["Microsoft Exchange Writer", "System Writer"],
    "2016": ["Microsoft Exchange Writer", "System Writer"],
    "2019": ["Microsoft Exchange Writer", "System Writer"],
}


@pytest.mark.parametrize("version", WRITERS)
async def test_exchange_s_writers_share_one_id_where_there_are_two(version: str) -> None:
    survey = await server(version).survey()
    assert [one.name for one in survey.writers] == WRITERS[version]
    exchange = [one for one in survey.writers if "Exchange" in one.name]
    assert {one.writer_id for one in exchange} == {EXCHANGE_WRITER_ID}
    assert len({one.instance_id for one in survey.writers}) == len(survey.writers)
    assert survey.exchange is not None
    assert survey.exchange.version == int(version)


@pytest.mark.parametrize("version", WRITERS)
async def test_a_selectable_component_has_all_files_of_what_it_implies(version: str) -> None:
    survey = await server(version).survey()
    assert [one.caption for one in selectable(survey)] == ["DB01", "DB02"]
    for whole in selectable(survey):
        implied = parts(survey, whole)
        assert {file for one in implied for file in one.files} == set(whole.files)
        assert [one.name for one in implied][-1] == "Logs"
        assert not any(one.selectable for one in implied)


@pytest.mark.parametrize("version", ["2003", "2007"])
async def test_a_storage_group_is_selected_with_every_database_in_it(version: str) -> None:
    host = server(
        version,
        LabDatabase(name="DB01", storage_group="First Storage Group"),
        LabDatabase(name="DB02", storage_group="First Storage Group"),
    )
    survey = await host.survey()
    (group,) = selectable(survey)
    assert group.caption == "First Storage Group"
    assert [one.caption for one in parts(survey, group)] == ["DB01", "DB02", "First Storage Group Logs"]
    assert {name for name in ("DB01.edb", "DB02.edb") for file in group.files if file.endswith(name)}
    await host.open(plan_for(survey, "First Storage Group"))
    assert {one.in_backup_by for one in (await databases(host)).values()} == {"set-1"}
    assert {one.storage_group for one in (await databases(host)).values()} == {"First Storage Group"}


async def test_the_path_of_a_component_is_that_of_its_version() -> None:
    tail = r"Microsoft Information Store\EXCH01"
    for version, root in (("2003", "Exchange Server"), ("2010", "Microsoft Exchange Server")):
        survey = await server(version).survey()
        assert selectable(survey)[0].logical_path == rf"{root}\{tail}"


@pytest.mark.parametrize(("version", "writer"), [("2010", 1), ("2016", 0)])
async def test_a_passive_copy_is_offered_by_the_replication_service_under_its_own_path(
    version: str, writer: int
) -> None:
    host = server(
        version,
        LabDatabase(name="DB01", servers=SERVERS),
        LabDatabase(name="DB02", servers=SERVERS, role=CopyRole.PASSIVE),
        dag="DAG01",
        cluster_nodes=SERVERS,
    )
    survey = await host.survey()
    active, passive = selectable(survey)
    assert (active.instance_id, passive.instance_id) == (
        survey.writers[0].instance_id,
        survey.writers[writer].instance_id,
    )
    assert passive.logical_path.endswith(r"Microsoft Information Store\Replica\EXCH01")
    assert "Replica" not in active.logical_path
    assert survey.cluster_nodes == SERVERS
    assert survey.exchange is not None
    assert survey.exchange.dag == "DAG01"
    assert [(one.role, one.servers, one.healthy_copies) for one in survey.exchange.databases] == [
        (CopyRole.ACTIVE, SERVERS, 2),
        (CopyRole.PASSIVE, SERVERS, 2),
    ]
    other = server(version, LabDatabase(name="DB01", servers=SERVERS), name="EXCH02", dag="DAG01")
    assert (await databases(other))["DB01"].guid == (await databases(host))["DB01"].guid
    assert (await databases(other))["DB02"].guid != (await databases(host))["DB02"].guid


async def test_what_is_not_mounted_is_known_to_exchange_and_not_to_vss() -> None:
    host = server("2016", LabDatabase(name="DB02", mounted=False), LabDatabase(name="RDB", recovery=True))
    survey = await host.survey()
    assert [one.caption for one in selectable(survey)] == ["DB01"]
    found = await databases(host)
    assert not found["DB02"].mounted
    assert found["RDB"].recovery
    host.host.change(LabDatabase(name="DB02"))
    assert [one.caption for one in selectable(await host.survey())] == ["DB01", "DB02"]


async def test_sql_server_has_a_writer_of_its_own_that_waits_for_a_minute() -> None:
    host = server("2016", sql_databases=(SqlDatabase(name="Orders", folder="S:\\MSSQL\\"),))
    survey = await host.survey()
    assert [one.name for one in survey.writers] == [
        "Microsoft Exchange Writer",
        "SqlServerWriter",
        "System Writer",
    ]
    plan = plan_for(survey, "Orders")
    assert plan.writers == (survey.writers[1],)
    host_set = await host.open(plan)
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    report = await host_set.complete(succeeded=True)
    assert report.logs == ()
    assert await databases(host) == {
        name: replace(one, in_backup_by="") for name, one in (await databases(host)).items()
    }


REFUSED = {
    "no log backups": ("2016", LabDatabase(name="DB01"), LOG, "0x800423f4"),
    "no other backups": ("2016", LabDatabase(name="DB01"), OTHER, "0x800423f4"),
    "incremental on circular logs": (
        "2016",
        LabDatabase(name="DB01", circular_logging=True),
        INCREMENTAL,
        "-526",
    ),
    "differential on circular logs": (
        "2016",
        LabDatabase(name="DB01", circular_logging=True),
        DIFFERENTIAL,
        "-526",
    ),
    "differential without a full": ("2016", LabDatabase(name="DB01"), DIFFERENTIAL, "-560"),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_the_writer_would_refuse_is_refused(why: str) -> None:
    version, database, backup_type, reason = REFUSED[why]
    host = server(version, database)
    plan = plan_for(await host.survey())
    with pytest.raises(HostError, match=reason):
        await host.open(replace(plan, backup_type=backup_type))
    await host.open(plan)


async def test_a_dismounted_member_keeps_its_whole_storage_group_from_being_backed_up() -> None:
    group = {"storage_group": "SG"}
    host = server("2003", LabDatabase(name="DB01", **group), LabDatabase(name="DB02", mounted=False, **group))
    with pytest.raises(HostError, match="dismounted") as caught:
        await host.open(plan_for(await host.survey(), "SG"))
    assert caught.value.subject == "DB02"


@pytest.mark.parametrize(("version", "allowed"), [("2003", False), ("2007", True)])
async def test_2003_takes_one_backup_at_a_time(version: str, allowed: bool) -> None:
    host = server(version)
    first = await host.open(plan_for(await host.survey(), "DB01"))
    await first.freeze(DEAD_MAN_S)
    await first.thaw()
    second = plan_for(await host.survey(), "DB02", set_id="set-2")
    if not allowed:
        with pytest.raises(HostError, match="0x50d"):
            await host.open(second)
        await first.complete(succeeded=False)
    await host.open(second)


async def test_a_part_of_a_component_is_not_selected_by_itself() -> None:
    host = server("2016")
    with pytest.raises(HostError, match="part of a component"):
        await host.open(plan_for(await host.survey(), "DB01 Logs"))


async def test_logs_wait_for_every_copy_to_replay_them() -> None:
    host = server("2016", LabDatabase(name="DB01", servers=SERVERS, healthy_copies=1), dag="DAG01")
    host_set = await host.open(replace(plan_for(await host.survey()), backup_type=FULL))
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    assert [one.kept for one in (await host_set.complete(succeeded=True)).logs] == [LogsKept.REPLAY_BEHIND]


async def test_a_database_that_was_dismounted_meanwhile_keeps_its_logs() -> None:
    host = server("2016")
    host_set = await host.open(replace(plan_for(await host.survey()), backup_type=FULL))
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    host.host.change(LabDatabase(name="DB01", mounted=False))
    await asyncio.sleep(60)
    host.host.change(LabDatabase(name="DB01"))
    assert [one.kept for one in (await host_set.complete(succeeded=True)).logs] == [LogsKept.DISMOUNTED]


UNFIT: dict[str, dict[str, Any]] = {
    "twice": {"mailbox_databases": [{"name": "A"}, {"name": "A"}]},
    "storage groups": {"mailbox_databases": [{"name": "A", "storage_group": "SG"}]},
    "bytes": {
        "exchange": "2003",
        "mailbox_databases": [{"name": "A", "storage_group": "SG"}, {"name": "B", "storage_group": "SG"}],
        "volumes": [
            {"mount_point": "D:\\", "role": "database", "lun_id": "naa.d", "databases": ["A"], "path": "/x"}
        ],
    },
}


@pytest.mark.parametrize("reason", UNFIT)
def test_a_server_that_cannot_be_is_refused(reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_options(UNFIT[reason])
