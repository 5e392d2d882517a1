"""Clones shown to a machine and taken away again, in a running loop, on arrays that are connected already."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from orchestrator.engine.parts import ArrayPart
from orchestrator.errors import ArrayError, OrchestratorError
from orchestrator.model.arrays import ArrayVolume, Presentation
from orchestrator.plugin import Presenter


@dataclass(frozen=True, slots=True)
class PresentedClone:
    """A clone of a set, and where this machine sees it."""

    array_name: str
    volume_name: str
    seen: Presentation


Volumes = Mapping[str, Sequence[ArrayVolume]]  # clones by the registered name of their array


class VerificationHost(Protocol):
    """The machine that clones are shown to: this one, or one that is registered for it."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def host_name(self) -> str:
        """What others call it: so that no node is shown a clone of what it owns."""
        ...

    async def see(self, volume: ArrayVolume, presentation: Presentation) -> Presentation:
        """Wait until the machine sees what an array has presented, read-only, and say where. Twice is once.

        Raises:
            HostError: `host.lun-not-visible` and others; nothing has to be undone on the machine.
        """
        ...

    async def forget(self, volume: ArrayVolume) -> None:
        """Let go of an array volume before its array withdraws it. What the machine does not see is success.

        Raises:
            ArrayRejected: `array.in-use`; somebody has it open or mounted.
        """
        ...


def clones_by_array(clones: Iterable[Mapping[str, str]]) -> Volumes:
    """Return clones as they are written down, by the registered name of their array."""
    volumes: dict[str, list[ArrayVolume]] = {}
    for each in clones:
        volume = ArrayVolume(each["volume_id"], each["volume_name"], each["lun_id"], 0, ours=True)
        volumes.setdefault(each["array"], []).append(volume)
    return volumes


async def show_clones(
    arrays: Sequence[ArrayPart], volumes: Volumes, machine: VerificationHost
) -> tuple[PresentedClone, ...]:
    """Show clones to a machine, read-only: all of them, or none. Doing it twice shows the same.

    Whether a proof is needed is the caller's question.

    Args:
        arrays: connected; those without clones are left alone.
        volumes: the clones.
        machine: who is to see them.

    Raises:
        ArrayError: an array cannot; whatever had been shown is taken away again.
        HostError: the machine does not see one; as above.
    """
    presenters = [(array, _presenter(array)) for array in arrays if volumes.get(array.name)]
    shown: list[PresentedClone] = []
    try:
        for array, presenter in presenters:
            clones = {each.volume_id: each for each in volumes[array.name]}
            for each in await presenter.present(volumes[array.name]):
                clone = clones[each.volume_id]
                shown.append(PresentedClone(array.name, clone.name, await machine.see(clone, each)))
    except BaseException:
        undoing = asyncio.ensure_future(_undo(presenters, volumes, machine))
        while not undoing.done():  # another cancellation must not leave half of them shown
            with suppress(asyncio.CancelledError):
                await asyncio.wait({undoing})
        raise
    return tuple(shown)


async def _undo(
    presenters: Sequence[tuple[ArrayPart, Presenter]], volumes: Volumes, machine: VerificationHost
) -> None:
    for array, presenter in presenters:
        for clone in volumes[array.name]:
            with suppress(OrchestratorError):
                await _hide(presenter, clone, machine)


async def hide_clones(arrays: Sequence[ArrayPart], volumes: Volumes, machine: VerificationHost) -> None:
    """Take clones away from a machine. What is not shown is success.

    Raises:
        ArrayRejected: `array.in-use`, mostly: somebody still has one mounted. It stays presented.
        ArrayError: an array cannot be asked.
    """
    for array in arrays:
        for clone in volumes.get(array.name, ()):
            await _hide(_presenter(array), clone, machine)


async def _hide(presenter: Presenter, clone: ArrayVolume, machine: VerificationHost) -> None:
    """Take one away: first from the machine, so that no device is left there that leads nowhere."""
    await machine.forget(clone)
    await presenter.withdraw([clone])


def _presenter(array: ArrayPart) -> Presenter:
    if not isinstance(array.provider, Presenter):
        what = "its provider shows no clones to this machine"
        raise ArrayError("array.cannot-present", what, subject=array.name)
    return array.provider
