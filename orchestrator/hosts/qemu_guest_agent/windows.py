"""A Windows guest: its agent is the VSS requestor, and tells little of what the writers did.

The agent asks VSS for the backup type that its registry value names; without one, a full backup, which
would have Exchange truncate its logs with nobody's proof. So the value is demanded before each freeze.
`vssadmin` speaks of writers in other sessions than the agent's: what it says can only speak against a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.qemu_guest_agent.questions import Questions

VSS_BT_COPY: Final = 5  # VSS_BACKUP_TYPE, vss.h
SERVICE_KEY: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\QEMU Guest Agent VSS Provider"
VALUE: Final = "VssOption"
FIX: Final = f'reg add "{SERVICE_KEY}" /v {VALUE} /t REG_DWORD /d {VSS_BT_COPY} /f'
STABLE: Final = 1  # VSS_WRITER_STATE

_VALUE_LINE: Final = re.compile(rf"^\s*{VALUE}\s+REG_DWORD\s+0x([0-9a-fA-F]+)\s*$", re.MULTILINE)
# The labels are in the language of Windows; braces, quotes and brackets are not.
_WRITER: Final = re.compile(r"'([^'\n]*)'\s*$")
_STATE: Final = re.compile(r"\[(\d+)\]")
_ERROR: Final = re.compile(r"^\s*Last error:\s*(.*?)\s*$")


async def demand_copy_backups(questions: Questions) -> None:
    """Refuse a guest whose agent may ask for anything but a copy backup.

    Raises:
        HostError: `host.vss-backup-type`.
    """
    if "guest-exec" not in await questions.enabled():
        raise _no_copy(questions, "its agent does not offer guest-exec, so the value cannot be read")
    try:
        printed = await questions.output("reg.exe", "query", SERVICE_KEY, "/v", VALUE)
    except HostError as error:
        raise _no_copy(questions, f"the value cannot be read: {error.what}") from None
    found = _VALUE_LINE.search(printed)
    if found is None:
        raise _no_copy(questions, "the value is not set")
    if (value := int(found[1], 16)) != VSS_BT_COPY:
        raise _no_copy(questions, f"the value is {value}")


async def demand_stable_writers(questions: Questions) -> None:
    """Refuse a guest one of whose writers is not well.

    Raises:
        HostError: `host.writer-failed`.
    """
    printed = await questions.output("vssadmin.exe", "list", "writers")
    problems = list(unwell(printed))
    if problems:
        raise HostError("host.writer-failed", "; ".join(problems), subject=questions.subject)


def unwell(printed: str) -> Iterator[str]:
    """Name each writer that `vssadmin list writers` does not show as stable and without error.

    In a Windows of another language than English, only the number of the state is judged.
    """
    writer = ""
    seen = 0
    for line in printed.splitlines():
        if named := _WRITER.search(line):
            writer = named[1]
        elif state := _STATE.search(line):
            seen += 1
            if int(state[1]) != STABLE:
                yield f"{writer} is in state {state[1]}, not {STABLE}"
        elif (error := _ERROR.match(line)) and error[1].lower() != "no error":
            yield f"{writer}: {error[1]}"
    if not seen:
        yield "no writer is shown at all"


def _no_copy(questions: Questions, why: str) -> HostError:
    text = f"the agent might truncate logs: {VALUE} must be {VSS_BT_COPY} (copy backup), and {why}"
    return HostError(
        "host.vss-backup-type",
        text,
        subject=questions.subject,
        remedy=f"On the guest, as administrator: {FIX} - and let the agent run guest-exec.",
    )
