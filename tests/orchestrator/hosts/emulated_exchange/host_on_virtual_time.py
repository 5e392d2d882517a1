"""The emulated server on a clock that jumps, with a store that tells what was asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabVolume, VolumeRole
from orchestrator.hosts.emulated_exchange.emulator.store import IdleStore
from orchestrator.model.hosts import WriterReport
from orchestrator.plugin import HostSet

OPTIONS = HostOptions(
    volumes=(
        LabVolume(
            mount_point="D:\\", role=VolumeRole.DATABASE, lun_id="naa.d", databases=("DB01", "DB02", "DB03")
        ),
        LabVolume(mount_point="L:\\", role=VolumeRole.LOG, lun_id="naa.l", databases=("DB01", "DB02")),
        LabVolume(mount_point="M:\\", role=VolumeRole.LOG, lun_id="naa.m", databases=("DB03",)),
    )
)


class WatchedStore(IdleStore):
    """Knows what is stopped, and can take its time about it or fail."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped: set[str] = set()
        self.takes_s = 0.0
        self.obeys = True
        self.spoilt = 0

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        self.stopped |= set(databases)
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        return self.obeys

    def resume(self) -> None:
        self.stopped.clear()

    def spoil(self) -> None:
        self.spoilt += 1


async def exchange_after(host: InProcessHost, host_set: HostSet) -> WriterReport:
    exchange = (await host.survey()).writers[0]
    reports = await host_set.writer_status()
    return next(one for one in reports if one.instance_id == exchange.instance_id)
