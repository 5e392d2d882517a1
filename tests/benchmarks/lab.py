"""Emulated arrays in a process of their own, idle hosts in this one, and runs over them."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from orchestrator.config.job import Job
from orchestrator.config.state_folder import random_name
from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabVolume, VolumeRole
from orchestrator.lab.children import announcement, lab_child
from orchestrator.model.arrays import ArmedCut
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import DiskLayout, HostLun, Survey
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import ProviderContext, Secret
from orchestrator.policy.consistency import CLONE_CONTEXT
from providers.pure_flasharray.provider import FlashArrayProvider, FlashArraySettings

ARRAY_VOLUMES = 16
ARRAY_VOLUME_SIZE = "64KiB"

Announced = Mapping[str, Any]


@contextmanager
def lab_arrays(count: int, array_volumes: int = ARRAY_VOLUMES) -> Iterator[list[Announced]]:
    """Serve emulated FlashArrays, all from one child process."""
    with memory_folder() as home, lab_child(_arguments(count, array_volumes, home / "lab")) as child:
        yield [announcement(child) for _ in range(count)]


@contextmanager
def separate_lab_arrays(count: int) -> Iterator[list[Announced]]:
    """Serve emulated FlashArrays from a process each: real arrays do not share an interpreter's lock."""
    with ExitStack() as stack:
        home = stack.enter_context(memory_folder())
        children = [
            stack.enter_context(lab_child(_arguments(1, ARRAY_VOLUMES, home / str(number))))
            for number in range(count)
        ]
        announced = [announcement(child) for child in children]
        yield [{**each, "name": f"array-{number:02}"} for number, each in enumerate(announced)]


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Give a folder in memory where there is one: this machine's disk is not what is measured."""
    memory = Path("/dev/shm")  # noqa: S108 - Linux's own place for files in memory
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def _arguments(count: int, array_volumes: int, home: Path) -> list[str]:
    options = ["--count", str(count), "--until-stdin-ends", "--json", "--home", str(home)]
    for number in range(array_volumes):
        options += ["--array-volume", f"v{number:02}={ARRAY_VOLUME_SIZE}"]
    return ["array", "pure-flasharray", *options]


@asynccontextmanager
async def array_parts(announced: Sequence[Announced]) -> AsyncIterator[list[ArrayPart]]:
    """Connect our own provider to every array."""
    async with AsyncExitStack() as stack:
        parts = []
        for each in announced:
            secret = Secret(each["credentials"]["api_token"])
            context = ProviderContext(each["name"], each["url"], secret, Path(each["ca_file"]))
            provider = FlashArrayProvider(context, FlashArraySettings())
            stack.push_async_callback(provider.close)
            await provider.connect()
            parts.append(ArrayPart(each["name"], provider, await provider.identify()))
        yield parts


async def set_latency(announced: Sequence[Announced], latency_s: float) -> None:
    """Let every array answer this much later from now on."""
    context = await asyncio.to_thread(ssl.create_default_context)
    for each in announced:
        await asyncio.to_thread(context.load_verify_locations, each["ca_file"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        for each in announced:
            async with session.post(
                f"{each['control']['url']}/latency",
                headers={"X-Lab-Key": each["control"]["key"]},
                json={"latency_s": latency_s},
            ) as response:
                response.raise_for_status()


class SpreadHost(InProcessHost):
    """An idle host each of whose host volumes lies on one LUN of every array."""

    def __init__(self, name: str, announced: Sequence[Announced]) -> None:
        lun_ids = [[volume["lun_id"] for volume in each["volumes"]] for each in announced]
        self._luns = [tuple(HostLun((lun_id,)) for lun_id in row) for row in zip(*lun_ids, strict=True)]
        options = HostOptions(name=name, volumes=tuple(_volumes(lun_ids[0])))
        self.databases = options.databases
        super().__init__(options)

    async def survey(self) -> Survey:
        """Return the survey with every host volume spread over the arrays."""
        survey = await super().survey()
        system, *mounted = survey.host_volumes
        spread = (
            replace(volume, luns=luns, layout=DiskLayout.LVM)
            for volume, luns in zip(mounted, self._luns, strict=True)
        )
        return replace(survey, host_volumes=(system, *spread))


def _volumes(lun_ids: Sequence[str]) -> Iterator[LabVolume]:
    for number, lun_id in enumerate(lun_ids):
        role = VolumeRole.LOG if number % 2 else VolumeRole.DATABASE
        mount_point, database = f"C:\\Volumes\\{number:02}\\", f"DB{number // 2:02}"
        yield LabVolume(mount_point=mount_point, role=role, lun_id=lun_id, databases=(database,))


@dataclass(frozen=True, slots=True)
class Rig:
    """One host and its arrays, ready for runs."""

    host: HostPart
    databases: tuple[str, ...]
    arrays: Sequence[ArrayPart]
    grade: Grade = Grade.WRITER_VERIFIED

    @classmethod
    async def of(cls, name: str, announced: Sequence[Announced], arrays: Sequence[ArrayPart]) -> Rig:
        """Put an idle host in front of some arrays."""
        host = SpreadHost(name, announced)
        return cls(HostPart(name, host, await host.identify()), host.databases, arrays)

    @property
    def job(self) -> Job:
        """A job over all databases of the host."""
        return Job(
            name="bench",
            host=self.host.name,
            databases=self.databases,
            backup_type="copy",
            consistency=self.grade,
            freeze=True,
            context=CLONE_CONTEXT,
            clone=False,
            lun_array={},
            budgets=DEFAULT_BUDGETS,
        )

    async def remove(self, names: ObjectNames) -> None:
        """Remove what a run made, so that runs do not slow one another down."""
        await asyncio.gather(*(array.provider.abort(ArmedCut(names, ())) for array in self.arrays))


def fresh_names() -> ObjectNames:
    """Return names that no run has used."""
    return ObjectNames("bench0", random_name(10))
