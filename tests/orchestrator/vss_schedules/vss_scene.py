"""An emulated Exchange host on two arrays, and runs upon it one after another, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from orchestrator.config.job import Job
from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.engine.recovery import Estate, free_host, remove_remains
from orchestrator.engine.run import CloneRun
from orchestrator.errors import HostError, OrchestratorError
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultPlan
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabVolume, VolumeRole
from orchestrator.journal.duty import Duty, duty_of
from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.hosts import Survey
from orchestrator.model.names import ObjectNames
from orchestrator.model.time import Reading
from orchestrator.plugin import Fault
from tests.orchestrator.engine.fake_array import FOREIGN
from tests.orchestrator.engine.scene import TickingClock, a_job
from tests.orchestrator.vss_schedules.door import Door
from tests.orchestrator.vss_schedules.faulty_array import FaultyArray
from tests.orchestrator.vss_schedules.life import LIFE, Life, MortalJournal, MortalRecorder, ProcessDied
from tests.orchestrator.vss_schedules.one_run import OneRun
from tests.orchestrator.vss_schedules.scripted_look import ScriptedLook
from tests.orchestrator.vss_schedules.still_store import StillStore, Stretch, Truncation
from tests.virtual_time import VirtualClock

DATABASES: Final = ("DB01", "DB02", "DB03")
OPTIONS: Final = HostOptions(
    volumes=(
        LabVolume(
            mount_point="D:\\", role=VolumeRole.DATABASE, lun_id="naa.databases0", databases=("DB01", "DB02")
        ),
        LabVolume(mount_point="E:\\", role=VolumeRole.DATABASE, lun_id="naa.databases1", databases=("DB03",)),
        LabVolume(mount_point="L:\\", role=VolumeRole.LOG, lun_id="naa.logs0", databases=("DB01",)),
        LabVolume(mount_point="M:\\", role=VolumeRole.LOG, lun_id="naa.logs1", databases=("DB02", "DB03")),
    )
)
CLOCKS_APART_S: Final = 0.5  # a clock that jumps by less may go unnoticed: `Budgets.clock_disagreement_s`


def remember_strikes(faults: FaultPlan, struck: list[str]) -> None:
    """Note each of the host's faults that strikes."""
    due = faults.due

    def noted(name: str) -> Fault | None:
        fault = due(name)
        if fault is not None:
            little = fault.name == "clock-jumps" and fault.delay_s < CLOCKS_APART_S
            struck.append(fault.name + "-a-little" * little)
        return fault

    faults.due = noted  # type: ignore[method-assign] # the host makes its own plan


class HostOwnClock:
    """The host's clocks: another wall clock, and another count of seconds."""

    def __init__(self, clock: VirtualClock, offset_s: float) -> None:
        self._clock, self._offset_s = clock, offset_s

    def reading(self) -> Reading:
        ours = self._clock.reading()
        wall = datetime.fromtimestamp(ours.wall.timestamp() + self._offset_s, UTC)
        return Reading(wall, ours.monotonic_s + 1000.0)


@dataclass
class VssScene:
    """One emulated host on two arrays."""

    options: HostOptions = OPTIONS
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - a seed, not a secret
    host_clock_s: float = 0.0
    clock: TickingClock = field(default_factory=TickingClock)
    arrays: tuple[FaultyArray, ...] = field(
        default_factory=lambda: (FaultyArray.named("logs"), FaultyArray.named("databases"))
    )
    stretches: list[Stretch] = field(default_factory=list)
    truncations: list[Truncation] = field(default_factory=list)
    stop_takes_s: float = 0.0
    runs: list[OneRun] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host = self._new_host()
        self.door = Door(self.host, self.rng)
        for array in self.arrays:
            array.clocks = self.clock

    def inject(self, name: str, *, position: int = 1, delay_s: float = 0.0) -> None:
        """Let the host misbehave."""
        self.host.inject(Fault(name, position=position, delay_s=delay_s))

    async def perform(self, job: Job | None = None, look: ScriptedLook | None = None) -> OneRun:
        """Run a job to its end; errors before there is anything to undo are kept as well."""
        one = await self.begin(job, look)
        await self.finish(one, self.start(one))
        return one

    async def begin(self, job: Job | None = None, look: ScriptedLook | None = None) -> OneRun:
        """Make the run of a job, under a name of its own."""
        recorder, journal, look = MortalRecorder(), MortalJournal(self.clock), look or ScriptedLook()
        number = len(self.runs) + 1
        run = CloneRun(
            job=job or a_job(),
            names=ObjectNames("abc123", f"run{number:07}"),
            fence=number,
            host=HostPart("exch01", self.door, await self.door.identify()),
            arrays=[ArrayPart(array.name, array, array.identity) for array in self.arrays],
            history={},
            journal=journal,
            recorder=recorder,
            clock=self.clock,
            contents=look,
        )
        self.runs.append(OneRun(run, recorder, journal, look, Life()))
        return self.runs[-1]

    def start(self, one: OneRun) -> asyncio.Task[Any]:
        """Start a run, in a process of its own."""
        context = copy_context()
        context.run(LIFE.set, one.life)
        return asyncio.get_running_loop().create_task(one.run.perform(), context=context)

    async def finish(self, one: OneRun, task: asyncio.Future[Any]) -> None:
        """Wait for the end of a run, and note it."""
        began = self.clock.now()
        try:
            await task
        except asyncio.CancelledError:
            one.cancelled = True
        except ProcessDied:
            one.died = True
        except OrchestratorError as error:
            one.error = error
        one.at = (began, self.clock.now())

    def heal(self) -> None:
        """Let everything work from now on; a host that has died is started again."""
        for array in self.arrays:
            array.heal()
        self.door.planned.clear()
        try:
            self.host.host._faults._planned.clear()
        except HostError:
            self.store.resume()  # with the power, whatever held its databases has gone
            self.host = self.door.inner = self._new_host()

    def stood_still(self, database: str, at: float) -> Stretch | None:
        """Return the stretch of stillness that an instant lies in."""
        return next((one for one in self.stretches if one.database == database and one.covers(at)), None)

    async def recover(self, one: OneRun) -> None:
        """Do for a run without an end what `quiesce recover` does for one whose process is gone."""
        duty = duty_of(one.journal.entries)
        if duty is Duty.NOTHING:
            return
        if duty is Duty.ASK_EVIDENCE:
            duty = Duty.KEEP if one.recorder.proofs else Duty.UNDO
        estate = Estate(one.beginnings[-1], duty, age_s=self.clock.now() - one.journal.last_at)
        one.recovered = await free_host(estate, self.door)
        if duty is Duty.UNDO:
            arrays = {array.name: ArrayPart(array.name, array, array.identity) for array in self.arrays}
            one.recovered += await remove_remains(estate, arrays, self.clock)

    @staticmethod
    def foreign_is_untouched(array: FaultyArray) -> bool:
        """Tell whether everything of somebody else's is still there."""
        return array.store.foreign == FOREIGN

    def volumes_of(self, databases: Collection[str], survey: Survey) -> dict[str, frozenset[str]]:
        """Return which array volumes some databases lie on, by array, as the LUNs lay at a survey."""
        mounted = {one.mount_point for one in self.options.volumes if set(one.databases) & set(databases)}
        volumes = [one for one in survey.host_volumes if mounted & set(one.mount_points)]
        luns = {lun.lun_id for one in volumes for lun in one.luns}
        return {array.name: _ids(array.volumes, luns) for array in self.arrays}

    def _new_host(self) -> InProcessHost:
        """Start the server: nothing of an earlier life of it touches its store."""
        self.store = StillStore(self.stretches, self.truncations, takes_s=self.stop_takes_s)
        clock = HostOwnClock(self.clock, self.host_clock_s)
        host = InProcessHost(self.options, store=self.store, clock=clock)
        remember_strikes(host.host._faults, self.struck)
        return host


def _ids(volumes: Sequence[ArrayVolume], luns: Collection[str]) -> frozenset[str]:
    return frozenset(volume.volume_id for volume in volumes if volume.lun_id in luns)
