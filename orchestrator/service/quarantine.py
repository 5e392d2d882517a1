"""Sets whose contents are damaged: kept for a while, shown to nobody, deleted in the end. Blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.errors import OrchestratorError, Refused
from orchestrator.model.grades import RunStatus
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.installation import Installation
from orchestrator.service.sets import delete_set


@dataclass(frozen=True, slots=True)
class Expired:
    """A set whose quarantine has expired. `problem` is empty if it was deleted."""

    set_id: str
    problem: str = ""


def demand_no_quarantine(recorded: RecordedSet) -> None:
    """Refuse to show or use a set whose contents failed their verification.

    Raises:
        Refused: `policy.quarantined`.
    """
    if recorded.status is RunStatus.FAILED_VERIFICATION:
        verdict = (recorded.verification or {}).get("verdict", "bad")
        raise Refused("policy.quarantined", f"its contents are {verdict}", subject=recorded.set_id)


def delete_expired(installation: Installation, now: datetime) -> Sequence[Expired]:
    """Delete the sets whose quarantine has expired. One that cannot be deleted stays."""
    return tuple(_deleted(installation, each) for each in installation.sets.list() if _is_due(each, now))


def _is_due(recorded: RecordedSet, now: datetime) -> bool:
    return (
        recorded.status is RunStatus.FAILED_VERIFICATION
        and recorded.expires_at is not None
        and recorded.expires_at <= now
    )


def _deleted(installation: Installation, recorded: RecordedSet) -> Expired:
    try:
        delete_set(installation, recorded.set_id)
    except OrchestratorError as error:
        return Expired(recorded.set_id, str(error))
    return Expired(recorded.set_id)
