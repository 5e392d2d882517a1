"""How long each step may take: the one place with such figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# VSS lets go of held writes after 10 s, fixed (Microsoft KB 975688); Exchange's writer gives up 20 s after
# its freeze event (Windows SDK, "Shadow copy creation for providers"). Ours end well before theirs.
VSS_HOLD_LIMIT_S: Final = 10.0
EXCHANGE_FREEZE_LIMIT_S: Final = 20.0

MAX_HOST_VOLUMES: Final = 64  # per shadow copy set: IVssBackupComponents::AddToSnapshotSet


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits in seconds. A job may make them stricter, never wider.

    Attributes:
        commit_s: from the host's word that writes are held until the last array has acknowledged its cut.
        hold_s: how long writes may be held; also sent to the host as its own limit.
        freeze_s: from our freeze request until the writers run again.
        prepare_s: from the start of the set until the freeze.
        thaw_s: how long we wait for the host to confirm a thaw, per rung of the ladder.
        warm_s: how old the last proof of a warm connection may be at the freeze.
        clock_disagreement_s: how far wall and monotonic clock may differ over one window.
    """

    commit_s: float = 5.0
    hold_s: float = 6.0
    freeze_s: float = 15.0
    prepare_s: float = 600.0
    thaw_s: float = 5.0
    warm_s: float = 5.0
    clock_disagreement_s: float = 0.5


DEFAULT_BUDGETS: Final = Budgets()
