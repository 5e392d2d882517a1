"""An orchestrator to be killed: it freezes through a watchdog, says so, and does nothing any more."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestrator.hosts.watchdog.client import Watchdog
from orchestrator.hosts.watchdog.hold import HoldSpec
from orchestrator.hosts.watchdog.lease import LeaseClaim, find_lease
from orchestrator.hosts.watchdog.loading import spec_from_json, spec_to_json

LONG_S = 60.0


def begin(spec: HoldSpec, claim: LeaseClaim) -> subprocess.Popen[str]:
    """Start one, in a session of its own. It has frozen when it has said the watchdog's number."""
    order = {"hold": spec_to_json(spec), "folder": str(claim.folder), "set_id": claim.set_id}
    return subprocess.Popen(
        [sys.executable, "-m", __name__, json.dumps(order)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def watchdog_of(child: subprocess.Popen[str]) -> int:
    assert child.stdout is not None
    return int(child.stdout.readline())


async def freeze_and_wait(order: dict[str, Any]) -> None:
    claim = LeaseClaim(Path(order["folder"]), "fake", order["set_id"], 7, "session")
    watchdog = await Watchdog.start(spec_from_json(order["hold"]), claim)
    await watchdog.prepare()
    await watchdog.freeze(LONG_S, LONG_S)
    lease = find_lease(claim.folder, claim.set_id)
    assert lease is not None
    print(lease.watchdog.pid, flush=True)
    await asyncio.sleep(LONG_S)


if __name__ == "__main__":
    asyncio.run(freeze_and_wait(json.loads(sys.argv[1])))
