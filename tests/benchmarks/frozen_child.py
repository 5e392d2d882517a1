"""Freezes file systems through our own host coordinator and waits to be killed. A script.

Arguments: the runtime folder, the dead man's seconds, the mount points. Prints one line once they are frozen:
the dead man's deadline on the monotonic clock.
"""

import asyncio
import sys
import time
from pathlib import Path
from uuid import uuid4

from orchestrator.hosts.fsfreeze.coordinator import FsfreezeCoordinator, FsfreezeSettings
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.plugin import ProviderContext, Secret, SetPlan


async def main() -> None:
    runtime_folder, dead_man_s, mount_points = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    settings = FsfreezeSettings(runtime_folder=Path(runtime_folder))
    host = FsfreezeCoordinator(ProviderContext("host", "file:///", Secret("")), settings)
    await host.connect()
    survey = await host.survey()
    names = tuple(each.name for each in survey.host_volumes if {*each.mount_points} & {*mount_points})
    held = await host.open(SetPlan(str(uuid4()), 1, 0, 5, (), (), names, DEFAULT_BUDGETS))
    deadline = time.monotonic() + dead_man_s
    assert (await held.freeze(dead_man_s)).file_systems == len(mount_points)
    print(deadline, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
