"""What an array emulator implements. Only the lab and the conformance kit load one, by reference."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:  # loaded by emulators only: every watchdog starts through this door
    from aiohttp import web


@dataclass(frozen=True, slots=True)
class LabOptions:
    """How an emulated array is set up.

    Attributes:
        home: an empty folder for the bytes of its array volumes.
        name: what the array calls itself.
        volumes: names and sizes in bytes of the array volumes it starts with.
        latency_s: added to every answer.
        clock_skew_s: the array's clock minus the machine's.
        hosts: names of the array's host objects that it starts with.
    """

    home: Path
    name: str = "array"
    volumes: Mapping[str, int] | None = None
    latency_s: float = 0.0
    clock_skew_s: float = 0.0
    hosts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour, injected by name and position.

    Attributes:
        name: see the table in `providers.shared.emulation`.
        call: "METHOD resource" it applies to, for example "POST protection-group-snapshots"; "*" for any.
        position: which such call from now on, 1 for the next; 0 for every one.
        delay_s: for those that wait.
    """

    name: str
    call: str = "*"
    position: int = 1
    delay_s: float = 0.0


class ArrayEmulator(ABC):
    """An emulated array: an aiohttp application whose array volumes hold real bytes in real files."""

    kind: ClassVar[str]

    @abstractmethod
    def __init__(self, options: LabOptions) -> None: ...

    @abstractmethod
    def application(self) -> web.Application:
        """Return the application to serve over TLS."""

    @property
    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """Return the login, named as the vendor's SDK names it."""

    @abstractmethod
    def describe(self) -> Mapping[str, Any]:
        """Return what a lab host needs to write to the array volumes, and how the lab is controlled.

        Keys: `name`, `lock` (path of the shared lock file), `volumes`, a list of
        `{name, serial, lun_id, path, size_bytes}`, and `control_key`, which requests under /_lab/ must
        carry as `X-Lab-Key`. An array with host objects adds `fabric`: a folder with one for each of them,
        where a link `wwn-0x…` to an array volume's bytes comes and goes as it is presented and withdrawn.
        """

    @abstractmethod
    def inject(self, fault: Fault) -> None:
        """Misbehave from now on as the fault says."""

    @abstractmethod
    def admin_cut(self, volume: str, suffix: str) -> str:
        """Cut one array volume at once, as an admin's own script would, and return the replica's name."""

    @abstractmethod
    def replica_path(self, name: str) -> Path:
        """Return the file that holds the bytes of a replica or clone, by its name on the array."""
