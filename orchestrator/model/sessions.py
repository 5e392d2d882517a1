"""How long writers are held after the thaw, and how often they are asked again."""

from __future__ import annotations

from typing import Final

# "Backup in progress" keeps every other backup of these databases waiting.
HOLD_LIMIT_S: Final = 4 * 3600.0

# From the thaw to the last word to the writers, or until somebody has recovered a run that died.
ENDING_S: Final = 600.0

# Microsoft's advice for passing troubles (IVssBackupComponents::DoSnapshotSet): try at most three times.
MOST_ATTEMPTS: Final = 3
