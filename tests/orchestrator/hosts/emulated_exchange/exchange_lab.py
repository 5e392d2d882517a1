"""Two small array volumes, the options of a server on them, and plans for its databases."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from orchestrator.hosts.emulated_exchange.emulator.layout import lay_out
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions
from orchestrator.hosts.emulated_exchange.ordering import OrderVerdict, check_order
from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.model.hosts import Survey
from orchestrator.plugin import Fault, HostCoordinator, HostSet, SetPlan

DEAD_MAN_S: Final = 15.0
VOLUME_BYTES: Final = 256 * 1024
TRANSPORTABLE_CLONE: Final = 0x00040029
COPY: Final = 5


class Disks:
    """A log array and a database array with one array volume each, as files."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log, self.database = home / "exch-log", home / "exch-db"
        for path in (self.log, self.database):
            path.write_bytes(bytes(VOLUME_BYTES))
            _lock_of(path).touch()

    def announcements(self) -> list[Mapping[str, Any]]:
        """What `quiesce lab array` would print of the two arrays."""
        return [
            {
                "kind": "any",
                "lock": str(_lock_of(path)),
                "volumes": [
                    {"name": path.name, "lun_id": f"naa.{path.name}", "path": str(path), "serial": "1"}
                ],
            }
            for path in (self.database, self.log)
        ]

    def options(self, **more: Any) -> HostOptions:
        return HostOptions(volumes=lay_out(self.announcements(), {}), **more)

    def bytes(self) -> tuple[bytes, bytes]:
        return self.log.read_bytes(), self.database.read_bytes()

    def cut(self, path: Path) -> Path:
        """Copy an array volume as an array does: between two writes."""
        replica = path.with_suffix(".cut")
        with _lock_of(path).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.copyfile(path, replica)
        return replica

    def order(self, gap_s: float = 0.0) -> OrderVerdict:
        """Cut the log first, the database so much later, and check the two."""
        log = self.cut(self.log)
        time.sleep(gap_s)
        return check_order(log, self.cut(self.database))


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def plan_for(
    survey: Survey, *databases: str, set_id: str = "set-1", fence: int = 7, budgets: Budgets = DEFAULT_BUDGETS
) -> SetPlan:
    """Return a plan for some databases, DB01 if none is named, with every host volume of theirs."""
    components = tuple(one for one in survey.components if one.caption in (databases or ("DB01",)))
    files = [file for component in components for file in component.files]
    return SetPlan(
        set_id=set_id,
        fence=fence,
        context=TRANSPORTABLE_CLONE,
        backup_type=COPY,
        components=components,
        writers=tuple(one for one in survey.writers if one.instance_id == components[0].instance_id),
        host_volumes=tuple(
            volume.name
            for volume in survey.host_volumes
            if any(file.startswith(volume.mount_points) for file in files)
        ),
        budgets=budgets,
    )


def stricter(**limits: float) -> Budgets:
    return replace(DEFAULT_BUDGETS, **limits)


async def open_set(host: HostCoordinator, *databases: str, **plan: Any) -> HostSet:
    return await host.open(plan_for(await host.survey(), *databases, **plan))


async def changes(disks: Disks, within_s: float) -> bool:
    """Tell whether any byte of the array volumes changes, looking again until it does or time is up."""
    return await asyncio.to_thread(_changes, disks, within_s)


def _changes(disks: Disks, within_s: float) -> bool:
    before = disks.bytes()
    give_up_at = time.monotonic() + within_s
    while disks.bytes() == before:
        if time.monotonic() >= give_up_at:
            return False
    return True


def fault(name: str, *, delay_s: float = 0.0, position: int = 1) -> Fault:
    return Fault(name, position=position, delay_s=delay_s)
