"""Two small array volumes, the options of a server on them, and plans for its databases."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from orchestrator.hosts.emulated_exchange.emulator.layout import lay_out
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions
from orchestrator.lab.contents import verify_pair
from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.model.hosts import Survey
from orchestrator.model.verification import VerifiedComponent
from orchestrator.plugin import Fault, HostCoordinator, HostSet, SetPlan
from orchestrator.verify.bytes_source import SourceEntry, SourceFolder
from orchestrator.verify.raw import open_raw

DEAD_MAN_S: Final = 15.0
VOLUME_BYTES: Final = 4 << 20
TRANSPORTABLE_CLONE: Final = 0x00040029
COPY: Final = 5

Files = Mapping[str, Mapping[str, bytes]]  # by folder and name


class Disks:
    """A log array and a database array with one array volume each, as files."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log, self.database = home / "exch-log", home / "exch-db"
        for path in (self.log, self.database):
            path.touch()
            os.truncate(path, VOLUME_BYTES)
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

    def verified(self, gap_s: float = 0.0) -> Sequence[VerifiedComponent]:
        """Cut the log first, the database so much later, and verify the two."""
        log = self.cut(self.log)
        time.sleep(gap_s)
        return verify_pair(log, self.cut(self.database))

    def files_of_logs(self) -> Files:
        """Cut the log, and read every file of it, folder by folder."""
        with closing(open_raw(self.cut(self.log))) as tree:
            return {
                folder: {entry.name: _bytes_of(tree, entry) for entry in tree.files(folder)}
                for folder in tree.folders()
            }


def _bytes_of(tree: SourceFolder, entry: SourceEntry) -> bytes:
    with closing(tree.open(entry.path)) as source:
        content = bytearray(source.size_bytes)
        assert source.read(0, memoryview(content)) == entry.size_bytes
    return bytes(content)


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


def passed(verified: Sequence[VerifiedComponent]) -> bool:
    """Tell whether there are databases, and all of them can be mounted."""
    return bool(verified) and all(each.verdict.passed for each in verified)
