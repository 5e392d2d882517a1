from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import ArrayError, ArrayRejected, BadInput, EvidenceError, OrchestratorError, Refused
from orchestrator.model.arrays import ArrayVolume, Presentation
from orchestrator.plugin import Presenter
from orchestrator.service.presentation import present_set, withdraw_set
from tests.orchestrator.service.world import DATABASES, LOGS, Desk, World, WorldArray

pytestmark = pytest.mark.journey

SHOWN: set[str] = set()
REFUSING: set[str] = set()


class PresentingArray(WorldArray, Presenter):
    """One of the world's arrays that shows its clones to this machine."""

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        if self.name in REFUSING:
            raise ArrayRejected("it will not", subject=self.name)
        SHOWN.update(volume.name for volume in volumes)
        return [Presentation(volume.volume_id, f"/clones/{volume.name}", "/dev/loop9") for volume in volumes]

    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        SHOWN.difference_update(volume.name for volume in volumes)


@pytest.fixture
def presenting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    SHOWN.clear()
    REFUSING.clear()
    presenting = type("Presenting", (PresentingArray,), {"world": desk.world})
    monkeypatch.setitem(desk.installation.plugins.providers, "fake", presenting)
    return desk


def test_clones_of_a_proven_set_are_shown_and_taken_away(presenting: Desk) -> None:
    result = presenting.run(clone=True)
    seen = present_set(presenting.installation, result.set_name)
    assert {each.array_name for each in seen} == {LOGS, DATABASES}
    assert {each.volume_name for each in seen} == SHOWN == {each.clone.volume.name for each in result.clones}
    assert present_set(presenting.installation, result.set_name) == seen
    withdraw_set(presenting.installation, result.set_name)
    withdraw_set(presenting.installation, result.set_name)
    assert not SHOWN


def test_all_clones_are_shown_or_none(presenting: Desk) -> None:
    result = presenting.run(clone=True)
    REFUSING.add(LOGS)  # the second in the order of names
    with pytest.raises(ArrayRejected):
        present_set(presenting.installation, result.set_name)
    assert not SHOWN


def spoiled_record(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"sig", b"gis", 1))


@pytest.mark.parametrize("how", ["gone", "altered", "another's", "none"])
def test_nothing_is_shown_without_its_own_proof(presenting: Desk, how: str) -> None:
    result, other = presenting.run(clone=True), presenting.run(clone=True)
    row, sets = presenting.row(result), presenting.installation.sets
    assert row is not None
    assert result.record is not None
    expected: type[OrchestratorError] = EvidenceError
    match how:
        case "gone":
            result.record.unlink()
        case "altered":
            spoiled_record(result.record)
        case "another's":
            sets.update(replace(row, evidence_path=str(other.record)))
        case _:
            sets.update(replace(row, evidence_path=None))
            expected = Refused
    with pytest.raises(expected):
        present_set(presenting.installation, result.set_name)
    assert not SHOWN


def test_a_clone_that_was_made_of_something_else_is_not_shown(presenting: Desk) -> None:
    result = presenting.run(clone=True)
    row = presenting.row(result)
    assert row is not None
    foreign = {**row.clones[0], "replica_id": "of-a-break-off"}
    presenting.installation.sets.update(replace(row, clones=(foreign, *row.clones[1:])))
    with pytest.raises(EvidenceError) as caught:
        present_set(presenting.installation, result.set_name)
    assert caught.value.code == "evidence.wrong-subject"
    assert not SHOWN


def test_a_set_without_clones_is_named(presenting: Desk) -> None:
    with pytest.raises(BadInput) as caught:
        present_set(presenting.installation, presenting.run().set_name)
    assert caught.value.code == "input.no-clones"


def test_an_array_that_cannot_is_named(desk: Desk, world: World) -> None:
    result = desk.run(clone=True)
    with pytest.raises(ArrayError) as caught:
        present_set(desk.installation, result.set_name)
    assert (caught.value.code, caught.value.subject) == ("array.cannot-present", DATABASES)
