"""What a dead run's journal obliges recovery to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from orchestrator.errors import InDoubt
from orchestrator.journal.entries import Beginning, Entry, EntryKind


class Duty(StrEnum):
    """What is owed to a run whose process has gone."""

    NOTHING = "nothing"
    UNDO = "undo"  # thaw, settle, delete, mark aborted
    ASK_EVIDENCE = "ask-evidence"  # a proof was about to be written: if it is there, keep; else undo
    KEEP = "keep"  # the set is proven: end the host's session, note what is not known


def duty_of(entries: Sequence[Entry]) -> Duty:
    """Return what is owed. A window is never replayed, so there is no duty to go on."""
    kinds = {entry.kind for entry in entries}
    if not kinds or EntryKind.ENDED in kinds:
        return Duty.NOTHING
    if EntryKind.PROVEN in kinds:
        return Duty.KEEP
    if EntryKind.SIGNING in kinds:
        return Duty.ASK_EVIDENCE
    return Duty.UNDO


def beginning_of(entries: Sequence[Entry]) -> Beginning:
    """Return what the first entry said.

    Raises:
        InDoubt: it does not say how a run began.
    """
    data = dict(entries[0].data)
    try:
        return Beginning(**{**data, "arrays": tuple(data["arrays"])})
    except (KeyError, TypeError) as error:
        raise InDoubt("run.journal-unreadable", f"it does not say how the run began: {error}") from None


def latest(entries: Sequence[Entry], kind: EntryKind) -> Entry | None:
    """Return the last entry of a kind, None when there is none."""
    return next((entry for entry in reversed(entries) if entry.kind is kind), None)
