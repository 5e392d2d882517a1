from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import ArrayError, OrchestratorError
from orchestrator.model.grades import RunStatus
from orchestrator.service.adoption import adopt_set
from orchestrator.service.recovery import recover_all
from orchestrator.service.sets import delete_set
from tests.orchestrator.engine.fake_host import HostFault
from tests.orchestrator.service.world import LOGS, Desk, World


def test_a_deleted_set_is_gone_from_arrays_and_record_and_its_evidence_stays(
    desk: Desk, world: World
) -> None:
    kept, deleted = desk.run(), desk.run(clone=True)
    undone = delete_set(desk.installation, deleted.set_name)
    assert {remains.item.name.startswith(deleted.set_name) for remains in undone.removed} == {True}
    assert undone.void_pending == ()
    assert {name.split(".")[0] for name in world.left()} == {kept.set_name}
    assert world.foreign_is_untouched()
    assert [row.set_id for row in desk.rows()] == [kept.set_name]
    assert len(desk.claims()) == 4


def test_a_deleted_set_does_not_come_back_with_recovery(desk: Desk) -> None:
    result = desk.run()
    delete_set(desk.installation, result.set_name)
    assert recover_all(desk.installation) == ()
    assert desk.rows() == []


def test_what_an_array_keeps_is_void_on_record_and_deleted_when_it_lets_go(desk: Desk, world: World) -> None:
    result = desk.run(clone=True)
    world.behaviours[LOGS].refuses_to_delete = True
    undone = delete_set(desk.installation, result.set_name)
    assert {remains.array_name for remains in undone.void_pending} == {LOGS}
    row = desk.row(result)
    assert row is not None
    assert (row.grade, row.clones) == (None, ())
    assert "void-pending: logs" in row.note

    world.behaviours[LOGS].refuses_to_delete = False
    world.stores[LOGS].void.clear()
    assert delete_set(desk.installation, result.set_name).void_pending == ()
    assert desk.rows() == []
    assert not world.stores[LOGS].cuts


def test_what_an_aborted_run_left_void_is_deleted_when_the_array_lets_go(desk: Desk, world: World) -> None:
    world.host_fault = HostFault.WRITER_GONE
    world.behaviours[LOGS].refuses_to_delete = True
    result = desk.run()
    row = desk.row(result)
    assert row is not None
    assert (row.status, row.replicas) == (RunStatus.ABORTED, ())
    world.behaviours[LOGS].refuses_to_delete = False
    world.stores[LOGS].void.clear()
    undone = delete_set(desk.installation, result.set_name)
    assert {remains.array_name for remains in undone.removed} == {LOGS}
    assert world.left() == set()
    assert desk.rows() == []


def test_a_set_on_an_array_that_does_not_answer_stays_on_record(desk: Desk, world: World) -> None:
    result = desk.run()
    world.silent.add(LOGS)
    with pytest.raises(ArrayError, match="no answer"):
        delete_set(desk.installation, result.set_name)
    row = desk.row(result)
    assert row is not None
    assert row.grade is not None


def test_a_set_whose_run_is_in_doubt_is_not_deleted(desk: Desk, world: World) -> None:
    world.host_fault = HostFault.WRITER_GONE
    world.behaviours[LOGS].failing = frozenset({"owned"})
    result = desk.run()
    with pytest.raises(OrchestratorError) as caught:
        delete_set(desk.installation, result.set_name)
    assert caught.value.code == "policy.set-in-use"


def test_a_set_that_another_installation_made_is_deleted_under_its_own_name(
    desk: Desk, world: World, tmp_path: Path
) -> None:
    made = desk.run()
    heir = Desk(tmp_path / "heir", world)
    heir.register()
    key = desk.folder.keys / "lab.pub"
    adopted = adopt_set(heir.installation, made.set_name, LOGS, made.record, key)
    assert adopted.set_id == made.set_name
    assert heir.folder.installation() != desk.folder.installation()
    assert len(delete_set(heir.installation, adopted.set_id).removed) > 0
    assert world.left() == set()
