"""`quiesce set cancel`: a run is stopped by name, whichever process it is in. Blocks."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import BadInput
from orchestrator.journal.cancel_wish import CancelWish
from orchestrator.journal.duty import beginning_of
from orchestrator.journal.store import abandoned_journal, journal_paths, read_entries
from orchestrator.service.installation import Installation


def cancel_run(installation: Installation, name: str) -> str:
    """Ask the run that makes a set, or the one that a job has under way, to stop; return the set's name.

    Before its proof is stored the run is undone. Afterwards the set stays, and only the waiting ends: a
    verification stops, and writers that are held for it are told that the backup failed.

    Args:
        installation: ours.
        name: of the set, or of the job.

    Raises:
        BadInput: `input.not-running`; no run of that name is under way.
    """
    folder = installation.folder.journals
    for path in journal_paths(folder):
        entries = read_entries(path)  # none yet: its run might find it locked by us
        if entries and name in (path.stem, beginning_of(entries).job) and _is_held(path):
            CancelWish.about(folder, path.stem).make()
            return path.stem
    raise BadInput("input.not-running", "No run of this name is under way.", subject=name)


def _is_held(path: Path) -> bool:
    with abandoned_journal(path) as ours:
        return ours is None
