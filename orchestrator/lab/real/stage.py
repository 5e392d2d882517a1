"""One combination of real parts, running and registered: a host with two file systems, an array, a writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.config.job import Job
from orchestrator.hosts.linux.loop_file import file_lun_id
from orchestrator.lab.real.arrays import ARRAYS, LabArray
from orchestrator.lab.real.file_systems import LabFileSystem, file_system_on
from orchestrator.lab.real.guest_agent import guest_agent
from orchestrator.lab.real.order import DATABASE_NAME, LOG_NAME
from orchestrator.lab.real.registration import Part, registered
from orchestrator.lab.real.writer import Writer, counting_writer
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.grades import Grade
from orchestrator.policy.consistency import CLONE_CONTEXT
from orchestrator.service.installation import Installation

FSFREEZE: Final = "fsfreeze"
GUEST_AGENT: Final = "qemu-guest-agent"
HOSTS: Final = (FSFREEZE, GUEST_AGENT)
FILE_SYSTEMS: Final = {LOG_NAME: "ext4", DATABASE_NAME: "xfs"}


@dataclass(frozen=True, slots=True)
class Combination:
    """Which host freezes, and which array cuts."""

    host: str
    array: str

    def __str__(self) -> str:
        return f"{self.host} + {self.array}"


COMBINATIONS: Final = tuple(Combination(host, array) for array in ARRAYS for host in HOSTS)


@dataclass(frozen=True, slots=True)
class Stage:
    """The running parts.

    Attributes:
        combination: which they are.
        installation: in which host and array are registered, named after their kinds.
        array: behind the provider's back.
        log: the file system that the writer writes to first.
        database: the one that it writes to next.
        writer: that counts on them.
        looked_at: where copies are mounted.
    """

    combination: Combination
    installation: Installation
    array: LabArray
    log: LabFileSystem
    database: LabFileSystem
    writer: Writer
    looked_at: Path

    @property
    def job(self) -> Job:
        """A job for both file systems."""
        return Job(
            name=f"{self.combination.host}-{self.combination.array}",
            host=self.combination.host,
            databases=(str(self.log.mount_point), str(self.database.mount_point)),
            backup_type="copy",
            consistency=Grade.FILE_SYSTEM_CONSISTENT,
            freeze=True,
            context=CLONE_CONTEXT,
            clone=True,
            lun_array={},
            budgets=DEFAULT_BUDGETS,
        )


@contextmanager
def staged(installation: Installation, combination: Combination, home: Path) -> Iterator[Stage]:
    """Start the parts in a new folder, register them, and take all of it away with the block.

    Whatever is frozen by then is thawed. Call it from the main thread: see `child.start`.

    Raises:
        OrchestratorError: a part could not be started, or did not answer.
    """
    home.mkdir(parents=True)
    with ExitStack() as stack:
        array = stack.enter_context(ARRAYS[combination.array](home))
        log, database = (
            stack.enter_context(file_system_on(kind, array.lun(name), home / name))
            for name, kind in FILE_SYSTEMS.items()
        )
        host = Part(FSFREEZE, "file:///", {"runtime_folder": str(home / "run")})
        if combination.host == GUEST_AGENT:
            agent = stack.enter_context(guest_agent(home))
            settings = {**host.settings, "luns": _declared(log, database)}
            host = Part(GUEST_AGENT, agent.url, settings)
        writer = stack.enter_context(counting_writer(log.mount_point, database.mount_point))
        stack.enter_context(registered(installation, Part(array.kind, array.url, array.settings), host))
        yield Stage(combination, installation, array, log, database, writer, home / "looked-at")


def _declared(*file_systems: LabFileSystem) -> str:
    """Say which disk is which LUN: an agent tells nothing of a loop device but its name."""
    return ";".join(
        f"name:{Path(each.device).name}={file_lun_id(each.image.stat())}" for each in file_systems
    )
