"""Clones of a set shown to this machine, once their proof was checked (R7), and taken away again. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import BadInput, EvidenceError, Refused
from orchestrator.evidence import Proof, signing_key, verify_record
from orchestrator.hosts.linux.lun_devices import ThisMachine
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.installation import Installation
from orchestrator.service.parties import ArrayCaller, array_callers, connected_arrays
from orchestrator.service.quarantine import demand_no_quarantine
from orchestrator.service.shown_clones import (
    PresentedClone,
    Volumes,
    clones_by_array,
    hide_clones,
    show_clones,
)


def present_set(installation: Installation, set_id: str) -> tuple[PresentedClone, ...]:
    """Show every clone of a set to this machine, or none. Doing it twice shows the same.

    Raises:
        BadInput: there is no such set, or it has no clones.
        Refused: it is in quarantine, or has no proof.
        EvidenceError: its proof does not verify, or does not speak of these clones.
        ArrayError: an array cannot; whatever had been shown is taken away again.
        HostError: this machine does not see one; as above.
    """
    recorded = installation.sets.get(set_id)
    demand_no_quarantine(recorded)
    volumes = _clones_of(recorded)
    _demand_proof(installation, recorded)
    return asyncio.run(_present(_callers(installation, volumes), volumes))


def withdraw_set(installation: Installation, set_id: str) -> None:
    """Take the clones of a set away from this machine. What is not shown is success.

    Raises:
        BadInput: there is no such set, or it has no clones.
        ArrayError: `array.in-use`, mostly: somebody still has one mounted.
    """
    volumes = _clones_of(installation.sets.get(set_id))
    asyncio.run(withdraw(_callers(installation, volumes), volumes))


def _clones_of(recorded: RecordedSet) -> Volumes:
    if not recorded.clones:
        raise BadInput("input.no-clones", "the set has none", subject=recorded.set_id)
    return clones_by_array(recorded.clones)


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
    async with connected_arrays(callers) as arrays:
        return await show_clones(arrays, volumes, ThisMachine())


async def withdraw(callers: Sequence[ArrayCaller], volumes: Volumes) -> None:
    """Connect to arrays and take clones away from this machine."""
    async with connected_arrays(callers) as arrays:
        await hide_clones(arrays, volumes, ThisMachine())
