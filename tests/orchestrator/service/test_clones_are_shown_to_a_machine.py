from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from orchestrator.engine.parts import ArrayPart
from orchestrator.errors import ArrayError, ArrayRejected, HostError
from orchestrator.model.arrays import ArrayVolume, ObjectKind, OwnedObject, Presentation
from orchestrator.plugin import Presenter
from orchestrator.service import presentation, sets
from orchestrator.service.sets import delete_set
from orchestrator.service.shown_clones import hide_clones, show_clones
from tests.orchestrator.engine.fake_array import FakeArray
from tests.orchestrator.service.world import LOGS, Desk, World, WorldArray

pytestmark = pytest.mark.virtual_time


class Showing(FakeArray, Presenter):
    """An array that notes down what it is asked."""

    said: list[str]

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        self.said += [f"present {volume.name}" for volume in volumes]
        await asyncio.sleep(1)
        return [Presentation(volume.volume_id, "/promised", "/promised") for volume in volumes]

    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        await asyncio.sleep(1)
        self.said += [f"withdraw {volume.name}" for volume in volumes]


class Machine:
    """A machine that notes down what it is asked, in the same place."""

    name = "a machine"
    host_name = "verifier"

    def __init__(self, said: list[str]) -> None:
        self.said = said
        self.blind_to = ""
        self.using = ""

    async def see(self, volume: ArrayVolume, presentation: Presentation) -> Presentation:
        self.said.append(f"see {volume.name}")
        await asyncio.sleep(1)
        if volume.name == self.blind_to:
            raise HostError("host.lun-not-visible", "it is not seen", subject=volume.name)
        return Presentation(presentation.volume_id, f"/dev/{volume.name}", f"/dev/{volume.name}")

    async def forget(self, volume: ArrayVolume) -> None:
        if volume.name == self.using:
            raise ArrayRejected("it is mounted", subject=volume.name, code="array.in-use")
        self.said.append(f"forget {volume.name}")


def volume(name: str) -> ArrayVolume:
    return ArrayVolume(f"id-{name}", name, f"naa.{name}", 0, ours=True)


CLONES: Mapping[str, Sequence[ArrayVolume]] = {"a": (volume("a1"), volume("a2")), "b": (volume("b1"),)}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def machine(said: list[str]) -> Machine:
    return Machine(said)


@pytest.fixture
def arrays(said: list[str]) -> tuple[ArrayPart, ...]:
    parts = []
    for name in ("a", "b", "without"):
        provider = Showing.named(name) if name != "without" else FakeArray.named(name)
        vars(provider)["said"] = said
        parts.append(ArrayPart(name, provider, provider.identity))
    return tuple(parts)


async def test_each_clone_is_presented_then_seen_and_named_as_the_machine_sees_it(
    arrays: tuple[ArrayPart, ...], machine: Machine, said: list[str]
) -> None:
    shown = await show_clones(arrays, CLONES, machine)
    assert [(each.array_name, each.volume_name, each.seen.file) for each in shown] == [
        ("a", "a1", "/dev/a1"),
        ("a", "a2", "/dev/a2"),
        ("b", "b1", "/dev/b1"),
    ]
    assert said == ["present a1", "present a2", "see a1", "see a2", "present b1", "see b1"]


async def test_a_machine_lets_go_of_each_clone_before_its_array_withdraws_it(
    arrays: tuple[ArrayPart, ...], machine: Machine, said: list[str]
) -> None:
    await hide_clones(arrays, CLONES, machine)
    assert said == [f"{act} {name}" for name in ("a1", "a2", "b1") for act in ("forget", "withdraw")]


WITHDRAWN = {"withdraw a1", "withdraw a2", "withdraw b1"}


async def test_a_clone_that_is_not_seen_takes_all_others_away_again(
    arrays: tuple[ArrayPart, ...], machine: Machine, said: list[str]
) -> None:
    machine.blind_to = "b1"
    with pytest.raises(HostError, match="not seen"):
        await show_clones(arrays, CLONES, machine)
    assert {each for each in said if each.startswith("withdraw")} == WITHDRAWN


async def test_even_a_second_cancellation_leaves_nothing_shown(
    arrays: tuple[ArrayPart, ...], machine: Machine, said: list[str]
) -> None:
    showing = asyncio.create_task(show_clones(arrays, CLONES, machine))
    await asyncio.sleep(2.5)
    for _ in range(3):
        showing.cancel()
        await asyncio.sleep(0.5)
    with pytest.raises(asyncio.CancelledError):
        await showing
    assert {each for each in said if each.startswith("withdraw")} == WITHDRAWN


async def test_a_clone_that_the_machine_uses_is_not_withdrawn(
    arrays: tuple[ArrayPart, ...], machine: Machine, said: list[str]
) -> None:
    machine.using = "a2"
    with pytest.raises(ArrayRejected):
        await hide_clones(arrays, CLONES, machine)
    assert "withdraw a2" not in said
    machine.blind_to = "b1"
    with pytest.raises(HostError):
        await show_clones(arrays, CLONES, machine)
    assert "withdraw a2" not in said
    assert "withdraw b1" in said


async def test_an_array_that_cannot_is_named_before_anything_is_shown(
    arrays: tuple[ArrayPart, ...], machine: Machine, said: list[str]
) -> None:
    with pytest.raises(ArrayError) as caught:
        await show_clones(arrays, {**CLONES, "without": (volume("w1"),)}, machine)
    assert (caught.value.code, caught.value.subject) == ("array.cannot-present", "without")
    assert said == []


# ------------------------------------------------------------------ sets deleted while they are shown


class ShowingWorldArray(WorldArray, Presenter):
    """One of the world's arrays that can present, and refuses to delete a clone that is in use elsewhere."""

    elsewhere = ""

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        return [Presentation(volume.volume_id, "/promised", "/promised") for volume in volumes]

    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        """Withdraw nothing: nothing is kept."""

    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        return [
            replace(item, kind=ObjectKind.CLONE) if item.name in self.store.clones else item
            for item in await super().owned(prefix)
        ]

    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        if self.name == self.elsewhere and any(item.kind is ObjectKind.CLONE for item in objects):
            raise ArrayRejected("connected elsewhere", subject=self.name, code="array.in-use")
        return await super().delete(objects)


@pytest.fixture
def showing(desk: Desk, monkeypatch: pytest.MonkeyPatch, machine: Machine) -> Desk:
    kind = type("Showing", (ShowingWorldArray,), {"world": desk.world})
    monkeypatch.setitem(desk.installation.plugins.providers, "fake", kind)
    for module in (presentation, sets):
        monkeypatch.setattr(module, "ThisMachine", lambda: machine)
    return desk


def test_a_set_is_forgotten_by_this_machine_before_it_is_deleted(
    showing: Desk, machine: Machine, world: World
) -> None:
    result = showing.run(clone=True)
    names = {each.clone.volume.name for each in result.clones}
    delete_set(showing.installation, result.set_name)
    assert {each.removeprefix("forget ") for each in machine.said} == names
    assert world.left() == set()


def test_clones_of_another_attempt_are_not_deleted_with_a_set(showing: Desk, world: World) -> None:
    result = showing.run(clone=True)
    tenth = f"{result.set_name}0-1"  # of attempt 10
    world.stores[LOGS].clones[tenth] = volume(tenth)
    delete_set(showing.installation, result.set_name)
    assert world.left() == {tenth}


def test_a_set_whose_clone_is_mounted_here_is_kept_whole(
    showing: Desk, machine: Machine, world: World
) -> None:
    result = showing.run(clone=True)
    before = world.left()
    machine.using = result.clones[-1].clone.volume.name
    with pytest.raises(ArrayRejected, match="it is mounted"):
        delete_set(showing.installation, result.set_name)
    assert world.left() == before
    row = showing.row(result)
    assert row is not None
    assert (row.grade is not None, len(row.clones)) == (True, len(result.clones))


def test_a_set_whose_clone_is_in_use_elsewhere_keeps_its_replicas(
    showing: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = showing.run(clone=True)
    kept = {name for name in world.left() if ".cut" in name or name in world.stores[LOGS].clones}
    monkeypatch.setattr(ShowingWorldArray, "elsewhere", LOGS)
    with pytest.raises(ArrayRejected, match="connected elsewhere"):
        delete_set(showing.installation, result.set_name)
    assert kept <= world.left()
    assert showing.row(result) is not None
    monkeypatch.setattr(ShowingWorldArray, "elsewhere", "")
    delete_set(showing.installation, result.set_name)
    assert world.left() == set()
