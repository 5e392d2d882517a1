from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine.result import RunResult
from orchestrator.errors import OrchestratorError
from orchestrator.evidence import signing_key
from orchestrator.model.grades import Grade
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.adoption import adopt_set
from tests.orchestrator.service.world import DATABASES, LOGS, Desk, World

pytestmark = pytest.mark.journey


@pytest.fixture
def lost(desk: Desk) -> RunResult:
    """A proven set whose row is lost."""
    result = desk.run()
    desk.forget(result)
    return result


def adopt(desk: Desk, copy: str, evidence: Path | None, *, array: str = LOGS) -> RecordedSet:
    return adopt_set(desk.installation, copy, array, evidence, key=None)


def refusal_of(desk: Desk, copy: str, evidence: Path | None, *, array: str = LOGS) -> OrchestratorError:
    with pytest.raises(OrchestratorError) as caught:
        adopt(desk, copy, evidence, array=array)
    return caught.value


@pytest.mark.parametrize("named", ["set", "replica"])
def test_with_its_own_proof(desk: Desk, world: World, lost: RunResult, named: str) -> None:
    copy = (
        lost.set_name if named == "set" else world.stores[LOGS].cuts[f"{lost.set_name}.cut"][0].replica_name
    )
    adopted = adopt(desk, copy, lost.record)
    assert adopted.set_id == lost.set_name
    assert (adopted.grade, len(adopted.replicas)) == (Grade.WRITER_VERIFIED, 4)
    assert desk.row(lost) == adopted


def test_the_evidence_is_found_from_anywhere(
    desk: Desk, lost: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lost.record is not None
    monkeypatch.chdir(lost.record.parent)
    assert adopt(desk, lost.set_name, Path(lost.record.name)).evidence_path == str(lost.record)


def test_without_evidence_it_says_what_such_a_copy_would_need(desk: Desk, lost: RunResult) -> None:
    refusal = refusal_of(desk, lost.set_name, None)
    assert refusal.code == "policy.break-off-refused"
    assert "ESEUTIL" in refusal.remedy
    assert "ISINTEG" in refusal.remedy
    assert any("no evidence was given" in note for note in refusal.__notes__)


def test_with_a_record_that_is_no_proof_or_does_not_verify(
    desk: Desk, lost: RunResult, tmp_path: Path
) -> None:
    answer = desk.chain.files()[1]
    altered = tmp_path / "altered.json"
    altered.write_bytes(answer.read_bytes().replace(b"A", b"B", 1))
    for evidence in (answer, altered, tmp_path / "nowhere.json"):
        refusal = refusal_of(desk, lost.set_name, evidence)
        assert refusal.code == "policy.break-off-refused"
    assert desk.rows() == []


def test_with_a_proof_that_another_key_signed(desk: Desk, lost: RunResult, tmp_path: Path) -> None:
    signing_key(tmp_path / "keys", emulated=True)
    with pytest.raises(OrchestratorError) as caught:
        adopt_set(desk.installation, lost.set_name, LOGS, lost.record, tmp_path / "keys" / "lab.pub")
    assert caught.value.code == "policy.break-off-refused"


def test_with_the_proof_of_another_set(desk: Desk, lost: RunResult) -> None:
    refusal = refusal_of(desk, lost.set_name, desk.run().record)
    assert refusal.code == "evidence.wrong-subject"
    assert refusal.subject == lost.set_name


def test_when_a_replica_is_not_the_one_that_was_proven(desk: Desk, world: World, lost: RunResult) -> None:
    name = f"{lost.set_name}.cut"
    first, *others = world.stores[DATABASES].cuts[name]
    world.stores[DATABASES].cuts[name] = (replace(first, replica_id="cut again"), *others)
    assert refusal_of(desk, lost.set_name, lost.record).code == "evidence.wrong-subject"


def test_when_a_replica_is_gone(desk: Desk, world: World, lost: RunResult) -> None:
    name = f"{lost.set_name}.cut"
    world.stores[DATABASES].cuts[name] = world.stores[DATABASES].cuts[name][1:]
    assert refusal_of(desk, lost.set_name, lost.record).code == "evidence.wrong-subject"
    assert desk.rows() == []


def test_when_an_array_of_the_proof_is_not_registered(desk: Desk, lost: RunResult) -> None:
    desk.installation.arrays.remove(DATABASES)
    assert refusal_of(desk, lost.set_name, lost.record).code == "input.unknown-array"


def test_when_it_is_on_record(desk: Desk) -> None:
    result = desk.run()
    assert refusal_of(desk, result.set_name, result.record).code == "input.already-registered"


def test_under_the_names_that_its_arrays_have_now(desk: Desk, lost: RunResult) -> None:
    known = desk.installation.arrays.get(DATABASES)
    desk.installation.arrays.remove(DATABASES)
    desk.world.stores["renamed"] = desk.world.stores[DATABASES]
    desk.world.behaviours["renamed"] = desk.world.behaviours[DATABASES]
    desk.world.ids["renamed"] = known.array_id
    desk.installation.arrays.add(replace(known, name="renamed"))
    adopted = adopt(desk, lost.set_name, lost.record)
    assert {replica["array"] for replica in adopted.replicas} == {LOGS, "renamed"}
