"""Exchange's rules stand before the freeze: in the plan, and once more last before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

import pytest
from pydantic import BaseModel

from orchestrator.engine import planning
from orchestrator.engine.planning import RunPlan, Surroundings, make_plan
from orchestrator.model.exchange import CopyRole, ExchangeServer, ExchangeVersion, MailboxDatabase
from orchestrator.model.grades import RunStatus
from orchestrator.model.hosts import Component, Survey
from orchestrator.plugin import ProviderContext
from orchestrator.policy.presentation import PresentationTarget
from orchestrator.policy.reasons import Finding
from orchestrator.policy.sets import Split
from tests.orchestrator.engine.fake_host import WRITER, FakeHost
from tests.orchestrator.engine.scene import Scene, a_job

pytestmark = pytest.mark.virtual_time

PATH = r"Microsoft Exchange Server\Microsoft Information Store\EXCH01"


class ExchangeHost(FakeHost):
    """Two databases on two host volumes each, and what Exchange says of them."""

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        super().__init__(context, settings)
        self.databases = tuple(
            MailboxDatabase(name, f"guid-{name}", servers=("EXCH01", "EXCH02"), healthy_copies=2)
            for name in ("DB01", "DB02")
        )
        self.surveys = 0
        self.moves_after = 10**6  # so many surveys the first copy becomes a passive one

    async def survey(self) -> Survey:
        found = await super().survey()
        self.surveys += 1
        roots = [volume.mount_points[0] for volume in found.host_volumes]
        components = tuple(
            Component(
                WRITER.instance_id,
                PATH,
                f"guid-{name}",
                name,
                True,
                (f"{roots[at]}{name}.edb", f"{roots[at + 1]}E00.log"),
            )
            for name, at in (("DB01", 0), ("DB02", 2))
        )
        databases = self.databases
        if self.surveys > self.moves_after:
            databases = (replace(databases[0], role=CopyRole.PASSIVE), *databases[1:])
        exchange = ExchangeServer("EXCH01", ExchangeVersion.EXCHANGE_2016, "DAG01", databases)
        return replace(found, components=components, exchange=exchange, cluster_nodes=("EXCH01", "EXCH02"))


def a_scene(**job: object) -> tuple[Scene, ExchangeHost]:
    scene = Scene(a_job(**{"databases": ("DB01", "DB02"), **job}), host_type=ExchangeHost)
    assert isinstance(scene.host, ExchangeHost)
    return scene, scene.host


async def planned(scene: Scene, around: Surroundings | None = None) -> RunPlan | tuple[Finding, ...]:
    return await make_plan(scene.job, scene.run.host, scene.run.arrays, scene.clock, around or Surroundings())


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in findings]


async def test_what_does_not_fit_into_one_set_is_left_for_the_next() -> None:
    scene, _ = a_scene()
    with (
        patch.object(planning, "MAX_HOST_VOLUMES", 2),
        patch.object(
            planning,
            "split_into_sets",
            lambda parts, topology: Split(tuple((each,) for each in parts)),
        ),
    ):
        result = await scene.run.perform()
    assert (result.status, result.left_over) == (RunStatus.COMPLETED, ("DB02",))
    assert result.facts is not None
    assert {row.file[-4:] for row in result.facts.map_before} == {".edb", ".log"}
    assert len(result.facts.map_before) == 2


async def test_a_dismounted_database_is_refused_before_anything_is_touched() -> None:
    scene, host = a_scene()
    host.databases = (replace(host.databases[0], mounted=False), host.databases[1])
    result = await scene.run.perform()
    assert result.status is RunStatus.REFUSED
    assert "policy.database-dismounted" in codes(result.reasons)
    assert scene.left_behind() == set()


async def test_what_is_only_worth_saying_is_said_and_stops_nothing() -> None:
    scene = Scene()  # a host that cannot ask Exchange
    result = await scene.run.perform()
    assert result.status is RunStatus.COMPLETED
    assert "policy.exchange-silent" in codes(result.reasons)


async def test_a_copy_that_moves_between_plan_and_freeze_costs_the_set() -> None:
    scene, host = a_scene()
    host.moves_after = 1
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    assert result.error is not None
    assert result.error.code == "policy.ownership-changed"
    assert scene.left_behind() == set()
    assert host.state.frozen_at is None
    assert "freeze" not in host.calls


@pytest.mark.parametrize(("name", "refused"), [("EXCH02.corp.example", True), ("backup01", False)])
async def test_no_node_of_the_cluster_that_owns_the_source_looks_into_its_clones(
    name: str, refused: bool
) -> None:
    scene, _ = a_scene(clone=True, verify=True)
    plan = await planned(scene, Surroundings(seen_by=(PresentationTarget(name),)))
    assert isinstance(plan, RunPlan) is not refused
    if not isinstance(plan, RunPlan):
        assert "policy.presented-to-owner" in codes(plan)
