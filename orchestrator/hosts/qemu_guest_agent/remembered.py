"""Who a guest is while it cannot be asked: recovery must know a frozen guest again to thaw it.

Written before a set is opened and removed when it has ended, beside the set's lease.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from orchestrator.errors import HostError
from orchestrator.model.hosts import HostIdentity


@dataclass(frozen=True, slots=True)
class RememberedGuest:
    """The identity of one guest, on disk.

    Attributes:
        path: where it stands.
    """

    path: Path

    async def write(self, identity: HostIdentity) -> None:
        """Put it down.

        Raises:
            HostError: it cannot be written.
        """
        try:
            await asyncio.to_thread(self._write, json.dumps(asdict(identity)))
        except OSError as error:
            what = f"the guest's identity cannot be written down: {error.strerror}"
            raise HostError("host.rejected", what, subject=str(self.path)) from None

    async def read(self) -> HostIdentity | None:
        """Return it; None if no set is open, or nobody can read it."""
        with suppress(OSError, ValueError, TypeError):
            return HostIdentity(**json.loads(await asyncio.to_thread(self.path.read_text, "utf-8")))
        return None

    async def forget(self) -> None:
        """Remove it; it may be gone."""
        with suppress(OSError):  # one too many is read only when the guest does not answer
            await asyncio.to_thread(self.path.unlink, missing_ok=True)

    def _write(self, text: str) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{uuid4().hex}")
        try:
            draft.write_text(text, "utf-8")
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)
