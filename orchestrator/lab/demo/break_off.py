"""Acts two and three: copies split off without a freeze, as by a script, and one of them offered as good."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp

from orchestrator.errors import Refused
from orchestrator.lab.contents import too_new, verify_pair
from orchestrator.lab.demo.stage import DATABASE_ARRAY, DATABASES, LOG_ARRAY, Stage, send_control
from orchestrator.service.adoption import adopt_set

COPIES: Final = 20
# Between the two commands of a quick script. Less would be luck: both cuts could fall between two writes.
GAP_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """What acts two and three showed.

    Attributes:
        copies: how many pairs were split off.
        torn: in how many the database cannot be recovered, because it is newer than its logs.
        finding: what was said of one of these, in full; empty if there is none.
        offered: the copy that was offered for adoption.
        refusal: what was said to it; None if it was taken, which must never be.
    """

    copies: int
    torn: int
    finding: str
    offered: str
    refusal: Refused | None


def split_without_freeze(stage: Stage) -> BrokenOff:
    """Split the log off first and the database a moment later, again and again; then offer the last one."""
    names = asyncio.run(_split(stage))
    paths = {name: stage.replica_paths(name) for name in stage.arrays}
    found = [
        too_new(verify_pair(paths[LOG_ARRAY][log], paths[DATABASE_ARRAY][database]))
        for log, database in names
    ]
    torn = [each for each in found if each]
    finding = torn[0] if torn else ""
    offered = names[-1][0]
    try:
        adopt_set(stage.installation, offered, LOG_ARRAY, evidence=None, key=None)
    except Refused as refusal:
        return BrokenOff(len(names), len(torn), finding, offered, refusal)
    return BrokenOff(len(names), len(torn), finding, offered, None)


async def _split(stage: Stage) -> list[tuple[str, str]]:
    """Return the names of each pair: the log's replica and the database's."""
    log_array, database_array = stage.arrays[LOG_ARRAY], stage.arrays[DATABASE_ARRAY]
    log_volume, database_volume = f"{DATABASES[0].lower()}-log", f"{DATABASES[0].lower()}-db"
    context = await asyncio.to_thread(ssl.create_default_context)
    for announced in stage.arrays.values():
        await asyncio.to_thread(context.load_verify_locations, announced["ca_file"])
    pairs: list[tuple[str, str]] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        for number in range(COPIES):
            suffix = f"split-{number}"
            log = await send_control(
                session, log_array, "POST", "admin-cut", {"volume": log_volume, "suffix": suffix}
            )
            await asyncio.sleep(GAP_S)
            database = await send_control(
                session, database_array, "POST", "admin-cut", {"volume": database_volume, "suffix": suffix}
            )
            pairs.append((log["name"], database["name"]))
    return pairs
