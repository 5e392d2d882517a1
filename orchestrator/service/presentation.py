"""Clones shown to this machine and taken away again, read-only. Their proof is checked first (R7). Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.parts import ArrayPart
from orchestrator.errors import ArrayError, BadInput, EvidenceError, OrchestratorError, Refused
from orchestrator.evidence import Proof, signing_key, verify_record
from orchestrator.model.arrays import ArrayVolume, Presentation
from orchestrator.plugin import Presenter
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.installation import Installation
from orchestrator.service.parties import ArrayCaller, array_callers, connected_arrays


@dataclass(frozen=True, slots=True)
class PresentedClone:
    """A clone of a set, and where this machine sees it."""

    array_name: str
    volume_name: str
    seen: Presentation


def present_set(installation: Installation, set_id: str) -> tuple[PresentedClone, ...]:
    """Show every clone of a set to this machine, or none. Doing it twice shows the same.

    Raises:
        BadInput: there is no such set, or it has no clones.
        EvidenceError: its proof does not verify, or does not speak of these clones.
        ArrayError: an array cannot; whatever had been shown is taken away again.
    """
    recorded = installation.sets.get(set_id)
    volumes = _clones_by_array(recorded)
    _demand_proof(installation, recorded)
    return asyncio.run(_present(_callers(installation, volumes), volumes))


def withdraw_set(installation: Installation, set_id: str) -> None:
    """Take the clones of a set away from this machine. What is not shown is success.

    Raises:
        BadInput: there is no such set, or it has no clones.
        ArrayError: `array.in-use`, mostly: somebody still has one mounted.
    """
    volumes = _clones_by_array(installation.sets.get(set_id))
    asyncio.run(_withdraw(_callers(installation, volumes), volumes))


Volumes = Mapping[str, Sequence[ArrayVolume]]


def _clones_by_array(recorded: RecordedSet) -> Volumes:
    volumes: dict[str, list[ArrayVolume]] = {}
    for each in recorded.clones:
        volume = ArrayVolume(each["volume_id"], each["volume_name"], each["lun_id"], 0, ours=True)
        volumes.setdefault(each["array"], []).append(volume)
    if not volumes:
        raise BadInput("input.no-clones", "the set has none", subject=recorded.set_id)
    return volumes


def _demand_proof(installation: Installation, recorded: RecordedSet) -> None:
    keys = [signing_key(installation.folder.keys, emulated=each).public for each in (False, True)]
    if recorded.evidence_path is None:
        raise Refused("policy.break-off-refused", "it has no proof on record", subject=recorded.set_id)
    path = Path(recorded.evidence_path)
    try:
        record = verify_record(path.read_bytes(), keys, path.name).record
    except OSError as error:
        what = f"its proof cannot be read: {error.strerror}"
        raise EvidenceError("evidence.malformed", what, subject=recorded.set_id) from None
    claimed = record.claim.replicas if isinstance(record.claim, Proof) else ()
    proven = {each.replica_id for each in claimed}
    made_from = {each["replica_id"] for each in recorded.clones}
    if record.origin.run_id != recorded.run_id or not made_from <= proven:
        what = f"{path.name} does not speak of what its clones were made from"
        raise EvidenceError("evidence.wrong-subject", what, subject=recorded.set_id)


def _callers(installation: Installation, volumes: Volumes) -> tuple[ArrayCaller, ...]:
    return array_callers(
        installation.connections, [installation.arrays.get(name) for name in sorted(volumes)]
    )


async def _present(callers: Sequence[ArrayCaller], volumes: Volumes) -> tuple[PresentedClone, ...]:
    shown: list[PresentedClone] = []
    async with connected_arrays(callers) as arrays:
        presenters = [(array, _presenter(array)) for array in arrays]
        try:
            for array, presenter in presenters:
                names = {each.volume_id: each.name for each in volumes[array.name]}
                seen = await presenter.present(volumes[array.name])
                shown += [PresentedClone(array.name, names[each.volume_id], each) for each in seen]
        except BaseException:
            for array, presenter in presenters:
                with suppress(OrchestratorError):
                    await presenter.withdraw(volumes[array.name])
            raise
    return tuple(shown)


async def _withdraw(callers: Sequence[ArrayCaller], volumes: Volumes) -> None:
    async with connected_arrays(callers) as arrays:
        for array in arrays:
            await _presenter(array).withdraw(volumes[array.name])


def _presenter(array: ArrayPart) -> Presenter:
    if not isinstance(array.provider, Presenter):
        what = "its provider shows no clones to this machine"
        raise ArrayError("array.cannot-present", what, subject=array.name)
    return array.provider
