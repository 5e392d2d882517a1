"""Reads clones, and feeds what it reads to `ese`. Nothing here can write to what it reads.

`bytes_source` says what a reader gives: files of a folder (`files`), or of an NTFS volume in a raw image or
block device, without mounting it (`raw`). `opening` tells what is at a path. `database_check` reads a
database with a few threads, in chunks; `set_discovery` finds databases and logs that belong together,
`set_check` has them judged; `ese_verifier` is the plugin. Nothing heavy is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from orchestrator.plugin.verifier import Verifier

hookimpl = pluggy.HookimplMarker("quiesce")  # `orchestrator.plugin.hookimpl`, without the rest of it


@hookimpl
def register_verifiers(register: Callable[[type[Verifier]], None]) -> None:
    """Offer the kind `ese`."""
    from orchestrator.verify.ese_verifier import EseVerifier

    register(EseVerifier)
