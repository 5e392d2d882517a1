"""An emulated guest: file systems that can be frozen, hooks, a clock, and the programs of a Windows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

REGISTRY_VALUE: Final = "    VssOption    {value}\r\n"
WRITER: Final = (
    "Writer name: '{name}'\r\n"
    "   Writer Id: {{76fe1ac4-15f7-4bcd-987e-8e1acb462fb7}}\r\n"
    "   Writer Instance Id: {{5f4a8f4a-4ba5-4f4c-9f27-3ac2d6bd4fbd}}\r\n"
    "   State: [{state}] {words}\r\n"
    "   Last error: {error}\r\n\r\n"
)


@dataclass(slots=True)
class GuestFileSystem:
    """One file system of the guest.

    Attributes:
        name: of its device.
        mount_points: where it is mounted.
        disks: as `guest-get-fsinfo` lists them.
        frozen: the kernel's truth, which the agent does not know.
    """

    name: str
    mount_points: tuple[str, ...]
    kind: str = "ext4"
    disks: tuple[Mapping[str, Any], ...] = ()
    frozen: bool = False


@dataclass(slots=True)
class GuestWriter:
    """One VSS writer, as `vssadmin` shows it."""

    name: str
    state: int = 1
    error: str = "No error"


@dataclass(slots=True)
class EmulatedGuest:
    """What is behind the agent.

    Attributes:
        failing_hooks: of "freeze" and "thaw", the ones whose script fails.
        hooks_run: what the script was called with.
        clock_offset_s: the guest's clock minus the machine's. A pause takes from it.
        blocked: commands that the guest's admin has switched off.
        programs_run: path and arguments of each.
        vss_option: the registry value, of type REG_DWORD or REG_SZ; None if it is not there.
    """

    file_systems: list[GuestFileSystem]
    host_name: str = "guest"
    windows: bool = False
    failing_hooks: set[str] = field(default_factory=set)
    hooks_run: list[str] = field(default_factory=list)
    clock_offset_s: float = 0.0
    blocked: set[str] = field(default_factory=set)
    vss_option: int | str | None = 5
    writers: list[GuestWriter] = field(default_factory=list)
    programs_run: list[tuple[str, list[str]]] = field(default_factory=list)
    machine_id: str = "0123456789abcdef0123456789abcdef"
    boot_id: str = "00000000-0000-4000-8000-000000000000"

    def wall_ns(self) -> int:
        """Return the guest's wall clock."""
        return time.time_ns() + int(self.clock_offset_s * 1e9)

    def run_hook(self, moment: str) -> bool:
        """Run the hook script, and tell whether it succeeded."""
        self.hooks_run.append(moment)
        return moment not in self.failing_hooks

    def freeze(self, mount_points: list[str] | None) -> int:
        """Freeze what is listed, or everything; return how many that froze."""
        count = 0
        for each in self.file_systems:
            wanted = mount_points is None or bool(set(mount_points) & set(each.mount_points))
            if wanted and not each.frozen:
                each.frozen = True
                count += 1
        return count

    def thaw(self) -> int:
        """Thaw everything that is mounted; return how many were frozen."""
        count = sum(each.frozen for each in self.file_systems)
        for each in self.file_systems:
            each.frozen = False
        return count

    def run_program(self, path: str, arguments: list[str]) -> tuple[int, str]:
        """Run one of the programs that are known here; return its status and what it printed."""
        self.programs_run.append((path, arguments))
        if path == "sync":
            return 0, ""
        if path == "vssadmin.exe" and arguments == ["list", "writers"]:
            shown = [
                WRITER.format(
                    name=each.name,
                    state=each.state,
                    words="Stable" if each.state == 1 else "Failed",
                    error=each.error,
                )
                for each in self.writers
            ]
            return 0, "vssadmin 1.1 - Volume Shadow Copy Service\r\n\r\n" + "".join(shown)
        if path == "reg.exe" and arguments[0] == "query" and arguments[-1] == "MachineGuid":
            guid = f"{self.machine_id[:8]}-1111-2222-3333-{self.machine_id[:12]}"
            return 0, f"\r\n{arguments[1]}\r\n    MachineGuid    REG_SZ    {guid}\r\n"
        if path == "reg.exe" and arguments[0] == "query" and self.vss_option is not None:
            number = isinstance(self.vss_option, int)
            value = f"REG_DWORD    {self.vss_option:#x}" if number else f"REG_SZ    {self.vss_option}"
            return 0, f"\r\n{arguments[1]}\r\n{REGISTRY_VALUE.format(value=value)}\r\n"
        return 1, ""
