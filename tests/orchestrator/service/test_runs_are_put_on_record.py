from __future__ import annotations

import pytest

from orchestrator.engine.progress import ignore
from orchestrator.errors import OrchestratorError, Refused
from orchestrator.journal.entries import EntryKind
from orchestrator.journal.host_lock import hold_host
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.service.runs import plan_job, run_job
from tests.orchestrator.engine.fake_host import HostFault
from tests.orchestrator.engine.scene import a_job
from tests.orchestrator.service.world import DATABASES, HOST, LOGS, Desk, World

pytestmark = pytest.mark.journey


def test_a_proven_set_is_on_record_with_its_evidence_replicas_and_clones(desk: Desk, world: World) -> None:
    result = desk.run(clone=True)
    row = desk.row(result)
    assert row is not None
    assert (row.status, row.grade, row.emulated) == (RunStatus.COMPLETED, Grade.WRITER_VERIFIED, True)
    assert row.evidence_path == str(desk.chain.files()[0])
    assert {replica["array"] for replica in row.replicas} == {LOGS, DATABASES}
    assert {clone["volume_name"] for clone in row.clones} <= world.left()
    assert len(row.replicas) == len(row.clones) == 4
    assert desk.entries(result)[-1] is EntryKind.ENDED
    assert desk.kinds_of_claims() == ["Proof", "WritersAnswer"]
    assert world.connected == set()


def test_an_aborted_run_is_on_record_as_no_copy(desk: Desk, world: World) -> None:
    world.host_fault = HostFault.WRITER_GONE
    result = desk.run()
    row = desk.row(result)
    assert row is not None
    assert (row.status, row.grade, row.replicas) == (RunStatus.ABORTED, None, ())
    assert "Microsoft Exchange Writer" in row.note
    assert desk.kinds_of_claims() == ["Aborted"]
    assert world.left() == set()


def test_a_refused_run_leaves_a_record_and_no_set(desk: Desk) -> None:
    result = desk.run(freeze=False)
    assert result.status is RunStatus.REFUSED
    assert desk.kinds_of_claims() == ["Refusal"]
    assert desk.rows() == []


def test_a_second_run_on_a_held_host_is_refused_before_anything(desk: Desk) -> None:
    with hold_host(desk.folder.locks, "host-id-1"), pytest.raises(Refused) as caught:
        desk.run()
    assert caught.value.code == "host.busy"
    assert list(desk.folder.journals.iterdir()) == []


@pytest.mark.parametrize("slow", [HOST, LOGS, DATABASES])
@pytest.mark.parametrize("name", [HOST, LOGS, DATABASES])
def test_whoever_cannot_be_reached_ends_the_run_and_everybody_is_let_go(
    desk: Desk, world: World, name: str, slow: str
) -> None:
    world.silent.add(name)
    if slow == HOST:
        world.host_latency_s = 0.02
    else:
        world.behaviours[slow].latency_s = 0.02
    with pytest.raises(OrchestratorError) as caught:
        desk.run()
    assert caught.value.subject == name
    assert world.connected == set()
    assert desk.rows() == []


@pytest.mark.parametrize("name", [HOST, LOGS])
def test_whoever_answers_in_anothers_place_is_not_used(desk: Desk, world: World, name: str) -> None:
    world.impostor = name
    with pytest.raises(OrchestratorError) as caught:
        desk.run()
    assert caught.value.code.endswith(".other-identity")
    assert world.left() == set()


def test_what_earlier_cuts_took_is_what_a_plan_forecasts(desk: Desk) -> None:
    desk.run()
    desk.run()
    spoilt = desk.run().record
    assert spoilt is not None
    spoilt.write_bytes(b"{}")  # no reason not to plan
    plan = plan_job(desk.installation, a_job())
    (only,) = plan.sets
    assert {offer.basis for offer in only.offers.values()} == {"the slowest of the last 2 cuts on it"}


def test_a_plan_writes_nothing_down(desk: Desk, world: World) -> None:
    before = sorted(desk.folder.root.rglob("*"))
    plan_job(desk.installation, a_job())
    assert sorted(desk.folder.root.rglob("*")) == before
    assert world.left() == set()


def test_a_job_for_an_unknown_host_is_bad_input(desk: Desk) -> None:
    with pytest.raises(OrchestratorError) as caught:
        run_job(desk.installation, a_job(host="nobody"), ignore)
    assert caught.value.code == "input.unknown-host"
