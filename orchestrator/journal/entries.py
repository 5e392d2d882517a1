"""What a journal says, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.model.names import ObjectNames


class EntryKind(StrEnum):
    """The moments of a run that are written down, in their order."""

    BEGUN = "begun"  # before the host session is opened and consistency groups are made: all names
    OPENING = "opening"  # everything is armed; before the freeze
    CLOSED = "closed"  # after the thaw: what was seen of the window
    SIGNING = "signing"  # before the proof is written
    PROVEN = "proven"  # the proof is on disk
    TELLING = "telling"  # before the writers are told that the backup succeeded
    TOLD = "told"  # they have answered
    CLONING = "cloning"  # before clones are made
    CLONED = "cloned"  # they are made
    VERIFYING = "verifying"  # before the clones are shown to whoever looks into them
    VERIFIED = "verified"  # they have been looked into, as far as that was possible, and taken away again
    IN_DOUBT = "in-doubt"  # the run gave up waiting for an outcome
    ENDED = "ended"  # nothing is owed any more


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal."""

    kind: EntryKind
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first entry says: all that recovery needs to find a run's remains.

    Attributes:
        set_id: the shadow copy set on the host.
        fence: its fencing token.
        arrays: registered names of the arrays concerned.
        emulated: an emulator takes part in any role.
        backup_type: what the writers are to be told, in the job's word.
    """

    run_id: str
    attempt: int
    installation: str
    job: str
    host: str
    set_id: str
    fence: int
    arrays: tuple[str, ...]
    emulated: bool
    backup_type: str

    @property
    def names(self) -> ObjectNames:
        """The names of everything the attempt may have made."""
        return ObjectNames(self.installation, self.run_id, self.attempt)
