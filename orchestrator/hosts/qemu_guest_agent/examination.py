"""What would keep a guest from being frozen through its agent. Changes nothing in the guest."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from orchestrator.errors import CATALOGUE, HostError
from orchestrator.hosts.qemu_guest_agent import windows
from orchestrator.hosts.qemu_guest_agent.hold import NEEDED
from orchestrator.hosts.qemu_guest_agent.questions import Questions
from orchestrator.model.hosts import CheckStatus, HostCheck

TRIED: Final = (7, 2)  # the oldest version of the agent that our tests have met
CLOCK_OFFSET_S: Final = 300.0  # Kerberos' own tolerance: beyond it a guest has other troubles too
VERSION: Final = re.compile(r"(\d+)\.(\d+)")


async def examination(questions: Questions, *, is_windows: bool) -> AsyncIterator[HostCheck]:
    """Judge one guest.

    Args:
        questions: its agent, to be asked.
        is_windows: whether VSS does the freezing in it.

    Raises:
        HostError: its agent does not answer (any more).
    """
    yield await _agent(questions)
    yield await _clock(questions)
    if is_windows:
        yield await _backup_type(questions)
        yield await _writers(questions)


async def _agent(questions: Questions) -> HostCheck:
    info = await questions.ask("guest-info")
    version = str(info["version"])
    lacking = sorted(NEEDED - {each["name"] for each in info["supported_commands"] if each["enabled"]})
    if lacking:
        found = f"Version {version} does not execute {', '.join(lacking)}."
        return HostCheck("agent", CheckStatus.BAD, found, CATALOGUE["host.agent-incapable"].remedy)
    number = VERSION.match(version)
    if number is None or (int(number[1]), int(number[2])) < TRIED:
        found = f"Version {version}; {TRIED[0]}.{TRIED[1]} is the oldest that was tried."
        return HostCheck("agent", CheckStatus.WARNING, found, "Update the agent in the guest.")
    return HostCheck("agent", CheckStatus.GOOD, f"Version {version} executes all that a freeze needs.")


async def _clock(questions: Questions) -> HostCheck:
    asked = datetime.now(UTC)
    read = await questions.guest_time()
    offset_s = read.guest_s - asked.timestamp()
    found = f"{offset_s:+.1f} s against ours."
    if abs(offset_s) > CLOCK_OFFSET_S:
        remedy = "Synchronise the guest with a time server; `guest-set-time` after a resume helps too."
        return HostCheck("guest's clock", CheckStatus.WARNING, found, remedy)
    return HostCheck("guest's clock", CheckStatus.GOOD, found)


async def _backup_type(questions: Questions) -> HostCheck:
    try:
        await windows.demand_copy_backups(questions)
    except HostError as error:
        found = f"{error.what[:1].upper()}{error.what[1:]}."
        return HostCheck(windows.VALUE, CheckStatus.BAD, found, error.remedy)
    found = f"It is {windows.VSS_BT_COPY}: copy backups, which truncate nothing."
    return HostCheck(windows.VALUE, CheckStatus.GOOD, found)


async def _writers(questions: Questions) -> HostCheck:
    try:
        await windows.demand_stable_writers(questions)
    except HostError as error:
        remedy = (
            "`vssadmin list writers` in the guest shows it too. Wait for another backup to end; else restart "
            "the service that owns the writer, in a quiet moment."
        )
        return HostCheck("writers' states", CheckStatus.BAD, f"{error.what}.", remedy)
    return HostCheck("writers' states", CheckStatus.GOOD, "All are stable, without error.")
