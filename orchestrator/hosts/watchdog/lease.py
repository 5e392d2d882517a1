"""The lease: who holds what, on a file system that a reboot forgets, as it forgets freezes.

It is there before anything of its set is frozen, and until a thaw is proven. Blocking.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from orchestrator.errors import HostError
from orchestrator.hosts.watchdog.hold import HoldSpec
from orchestrator.hosts.watchdog.loading import spec_from_json, spec_to_json
from orchestrator.hosts.watchdog.process_identity import ProcessIdentity

RUNTIME_FOLDER: Final = Path("/run/quiesce")
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
SUFFIX: Final = ".lease"
# Both become part of a file's name; neither holds the dot that stands between them.
NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class LeaseClaim:
    """What a set says of itself before it may freeze.

    Attributes:
        folder: where leases lie; a tmpfs, never on what is to be frozen.
        subject: what only one set at a time may hold, in letters, digits and hyphens: "fsfreeze", or
            "guest-" and a hash of the agent's socket.
        set_id: the shadow copy set.
        fence: its fencing token.
        session_id: of the set's requestor session.
    """

    folder: Path
    subject: str
    set_id: str
    fence: int
    session_id: str

    def __post_init__(self) -> None:
        for name in (self.subject, self.set_id):
            if not NAME.fullmatch(name):
                raise HostError("host.rejected", "this cannot be part of a lease's name", subject=name)

    @property
    def path(self) -> Path:
        """Where its lease lies."""
        return self.folder / f"{self.subject}.{self.set_id}{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim that a watchdog keeps.

    Attributes:
        claim: of the set.
        spec: how anybody makes the hold again.
        watchdog: the process that keeps it.
        boot_id: of the machine's life in which it was written; in another one nothing of it is frozen.
    """

    claim: LeaseClaim
    spec: HoldSpec
    watchdog: ProcessIdentity
    boot_id: str

    @property
    def forgotten(self) -> bool:
        """Whether the machine was started anew since."""
        return self.boot_id != boot_id()

    def write(self) -> None:
        """Put it down, unless another set has the subject. Two that come at the same instant may both lose.

        Raises:
            HostError: `host.busy`; `host.rejected`, it cannot be written.
        """
        path = self.claim.path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = path.with_name(f".{uuid4().hex}")
            try:
                draft.write_text(json.dumps(self._to_json()), encoding="utf-8")
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            what = f"the lease cannot be written: {error.strerror}"
            raise HostError("host.rejected", what, subject=str(path)) from None
        others = [one for one in path.parent.glob(f"{self.claim.subject}.*{SUFFIX}") if one != path]
        if others:
            self.remove()
            what = f"another set holds it, as {others[0].name} says"
            raise HostError("host.busy", what, subject=self.claim.subject)

    def remove(self) -> None:
        """Take it away; it may be gone."""
        with suppress(OSError):  # nothing is frozen any more: a lease too many only asks for a recovery
            self.claim.path.unlink(missing_ok=True)

    def _to_json(self) -> dict[str, Any]:
        return {
            "claim": asdict(self.claim) | {"folder": str(self.claim.folder)},
            "hold": spec_to_json(self.spec),
            "watchdog": asdict(self.watchdog),
            "boot_id": self.boot_id,
        }


def find_lease(folder: Path, set_id: str) -> Lease | None:
    """Return a set's lease; None when it has none, and so has frozen nothing that is still frozen.

    Raises:
        HostError: `host.still-frozen`; there is one, but it cannot be read.
    """
    if not NAME.fullmatch(set_id):
        return None
    for path in folder.glob(f"*.{set_id}{SUFFIX}"):
        try:
            return _read(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue  # its watchdog has just ended
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"the lease cannot be read ({type(error).__name__}), and what it held may be frozen"
            raise HostError("host.still-frozen", what, subject=str(path)) from None
    return None


def boot_id() -> str:
    """Tell this life of the machine from all others."""
    return BOOT_ID.read_text(encoding="ascii").strip()


def lease_of(claim: LeaseClaim, spec: HoldSpec, pid: int) -> Lease:
    """Return the lease of a watchdog that runs.

    Raises:
        ProcessLookupError: it has ended.
    """
    return Lease(claim, spec, ProcessIdentity.of(pid), boot_id())


def _read(said: dict[str, Any]) -> Lease:
    claim = said["claim"]
    return Lease(
        LeaseClaim(**claim | {"folder": Path(claim["folder"])}),
        spec_from_json(said["hold"]),
        ProcessIdentity(**said["watchdog"]),
        said["boot_id"],
    )
