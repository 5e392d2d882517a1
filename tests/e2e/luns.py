"""The LUNs of the production VM, and what each is for."""

from __future__ import annotations

from typing import Final

# The writer writes a number to the first; once it is safe there, also to the second.
LOG: Final = "log"
DB: Final = "db"
# Slow to cut, and between the two by name, by device and in the job: it keeps their cuts so far apart that a
# cut which forgot to freeze would be seen. (A reflink holds up writes to its source: a slow log hides it.)
INDEX: Final = "index"

LUNS: Final = (LOG, INDEX, DB)
FILE_SYSTEMS: Final = [f"/mnt/{name}" for name in LUNS]
