"""A stage of real parts with one installation, used by the command line; and what may be left of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.errors import HostError
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.journal.duty import Duty, duty_of
from orchestrator.journal.store import journal_paths, read_entries
from orchestrator.lab.real.arrays import DaemonLuns
from orchestrator.lab.real.file_systems import run, thaw
from orchestrator.lab.real.guest_agent import guest_agent
from orchestrator.lab.real.stage import Stage
from orchestrator.lab.real.storage_daemon import StorageDaemon
from orchestrator.lab.real.writer import counting_writer
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.service.installation import Installation
from tests.journeys.home import END_S, Ended, ended, in_this_process
from tests.journeys.real.leftovers import objects_of_ours
from tests.journeys.real.processes import (
    await_end,
    await_stop,
    processes_with,
    wait_until,
    watchdogs,
)
from tests.orchestrator.lab.real.leftovers import loop_files_under

# Tight enough that nobody waits long for a limit to pass, wide enough for a freeze on a busy machine.
TIGHT: Final = {"commit_s": 0.5, "hold_s": 0.6, "freeze_s": 1.5, "thaw_s": 0.5}
AT_ONCE_S: Final = 4.0
assert DEFAULT_BUDGETS.hold_s > AT_ONCE_S
STILL_S: Final = 0.1
GRADE: Final = "file-system-consistent"
LEASES: Final = "run"


@dataclass
class Scene:
    """One installation, and the parts that it uses."""

    home: Path
    installation: Installation
    stage: Stage
    parts: ExitStack
    loops: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.loops = sorted(loop_files_under(self.home))

    # ---------------------------------------------------------------- commands

    def job(self, *, budgets: Mapping[str, float] | None = None, **keys: Any) -> Path:
        """Write a job file for both file systems, with changes."""
        places = [str(each) for each in self.mount_points]
        keys = {"name": "nightly", "host": self.stage.combination.host, "databases": places, **keys}
        keys = {"consistency": GRADE, "clone": True, **keys}
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        lines += ["[budgets]", *(f"{key} = {value}" for key, value in (budgets or {}).items())]
        path = self.home / "nightly.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    @contextmanager
    def started(self, *arguments: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command in a process of its own; it is killed with the block if it has not ended."""
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "QUIESCE_HOME": str(self.installation.folder.root), **environment},
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def stopped_at(self, point: CrashPoint, job: Path) -> Iterator[subprocess.Popen[str]]:
        """Start a run that stops itself at a point, and wait for that."""
        with self.started("run", job, "--json", QUIESCE_STOP_AT=point) as run:
            assert await_stop(run), ended(run)
            yield run

    def killed_at(self, point: CrashPoint, job: Path) -> Ended:
        """Start a run that kills itself at a point, and wait for that."""
        with self.started("run", job, "--json", QUIESCE_CRASH_AT=point) as run:
            return ended(run)

    def here(self, *arguments: str | Path) -> Ended:
        """Give a command in this process."""
        return in_this_process(arguments, {"QUIESCE_HOME": str(self.installation.folder.root)})

    # ---------------------------------------------------------------- parts

    @property
    def mount_points(self) -> tuple[Path, Path]:
        """Where the two file systems are."""
        return self.stage.log.mount_point, self.stage.database.mount_point

    @property
    def agent(self) -> int:
        """The guest agent's process."""
        (pid,) = processes_with("qemu-ga", str(self.home / "lab" / "ga.sock"))
        return pid

    def start_agent(self) -> None:
        """Start another agent in the place of one that was killed, as a guest's service manager would."""
        self.parts.enter_context(guest_agent(self.home / "lab"))

    @property
    def daemon(self) -> StorageDaemon:
        """The storage daemon."""
        assert isinstance(self.stage.array, DaemonLuns)
        return self.stage.array.daemon

    def start_daemon(self) -> None:
        """Start one that was killed again, with the file systems on its LUNs, which have shut down."""
        self._unmount()
        self.daemon.stop(killed=True)
        self.daemon.start()
        self.mount_again()
        self._start_writer()

    def remount(self) -> None:
        """Mount file systems anew that may have shut down."""
        self._unmount()
        self.mount_again()
        self._start_writer()

    @property
    def store(self) -> Path:
        """The folder of the reflink store."""
        return Path(urlsplit(self.stage.array.url).path)

    def umount(self, place: Path, *words: str) -> str:
        """Unmount as an administrator would, and return what that was told."""
        done = subprocess.run(
            ["umount", *words, str(place)],
            capture_output=True,
            text=True,
            check=False,
            timeout=END_S,
        )
        return done.stderr.strip()

    def mount_again(self) -> None:
        """Mount whatever is missing."""
        for each in (self.stage.log, self.stage.database):
            if not each.mount_point.is_mount():
                run("mount", "-o", "loop", str(each.image), str(each.mount_point))

    def _unmount(self) -> None:
        os.kill(self.stage.writer.pid, signal.SIGKILL)  # a file system lives on while it has a file open
        await_end(self.stage.writer.pid)
        for place in self.mount_points:
            run("umount", str(place))

    def _start_writer(self) -> None:
        writer = self.parts.enter_context(counting_writer(*self.mount_points))
        self.stage = replace(self.stage, writer=writer)

    # ---------------------------------------------------------------- what must be so

    def await_thaw_by_watchdog(self) -> None:
        """Wait until the watchdog of a dead run has ended by itself, and prove that it thawed first.

        It is given less than the hold's own limit: the death of its run is what has to tell it.
        """
        for pid in watchdogs():
            await_end(pid, AT_ONCE_S)
        self.demand_thawed()

    def await_writer(self) -> None:
        """Wait until the writer has written to both file systems again: none is frozen any more."""
        goal = self.stage.writer.newest() + 2
        wait_until(lambda: self.stage.writer.newest() >= goal)

    def demand_still(self) -> None:
        """Show that the writer does not get on: something is frozen."""
        before = self.stage.writer.newest()
        self.stage.writer.await_numbers(3, STILL_S)
        assert self.stage.writer.newest() <= before + 1

    def demand_thawed(self) -> None:
        """Prove it: the kernel finds nothing to thaw. What it finds is thawed, so it counts as a failure."""
        frozen = [str(place) for place in self.mount_points if thaw(place)]
        assert frozen == []

    def recover(self) -> list[dict[str, Any]]:
        """Recover twice: the second time there is nothing to do."""
        runs: list[dict[str, Any]] = self.here("recover", "--json").result["runs"]
        assert self.here("recover", "--json").result["runs"] == [], runs
        return runs

    def demand_nothing_left(self) -> None:
        """Look everywhere for what a run may not leave behind."""
        self.demand_thawed()
        assert watchdogs() == []
        assert [*(self.home / "lab" / LEASES).glob("*.lease")] == []
        assert sorted(loop_files_under(self.home)) == self.loops
        journals = journal_paths(self.installation.folder.journals)
        assert [path for path in journals if duty_of(read_entries(path)) is not Duty.NOTHING] == []
        assert objects_of_ours(self.stage) == []

    def demand_next_run(self) -> None:
        """Make a set on the same parts, and delete it and every other one."""
        made = self.here("run", self.job(), "--json")
        assert (made.status, made.result["run"]["status"]) == (0, "completed"), made
        self.demand_thawed()
        self.delete_sets()
        self.demand_nothing_left()

    def rescue(self) -> None:
        """Thaw whatever is frozen, and clean up as far as that goes."""
        for pid in watchdogs():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(HostError):
            self.mount_again()
        for place in filter(Path.is_mount, self.mount_points):
            thaw(place)
        self.here("recover", "--json")
        for recorded in self.installation.sets.list():
            self.here("set", "delete", recorded.set_id, "--json")

    def delete_sets(self) -> None:
        """Delete every set on record."""
        for recorded in self.installation.sets.list():
            assert self.here("set", "delete", recorded.set_id, "--json").status == 0
