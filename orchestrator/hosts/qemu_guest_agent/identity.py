"""Which guest answers: its name, and what stays the same for as long as it is that guest."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import HostError
from orchestrator.hosts.qemu_guest_agent.questions import Questions
from orchestrator.model.hosts import HostIdentity

WINDOWS: Final = "mswindows"  # what the agent calls it in `id`
EMULATED: Final = "quiesce-emulator"  # what our own emulated agent says in `variant-id`
MACHINE_ID_FILE: Final = "/etc/machine-id"  # machine-id(5): set once, at installation
BOOT_ID_FILE: Final = "/proc/sys/kernel/random/boot_id"  # one for each life of each kernel
FILE_BYTES: Final = 64
CRYPTOGRAPHY_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Cryptography"
_FILE_COMMANDS: Final = frozenset({"guest-file-open", "guest-file-read", "guest-file-close"})
_MACHINE_GUID: Final = re.compile(r"MachineGuid\s+REG_SZ\s+([0-9a-fA-F-]{36})")


async def identity_of(questions: Questions) -> HostIdentity:
    """Ask an agent who it is.

    The agent tells a machine's own id by no command. It is read from the guest where files may be read or
    programs run; elsewhere the host name has to do.
    """
    os_info = await questions.ask("guest-get-osinfo")
    name = str((await questions.ask("guest-get-host-name"))["host-name"])
    version = (await questions.ask("guest-info"))["version"]
    windows = is_windows(os_info)
    machine_id = await (_machine_guid(questions) if windows else _machine_id(questions))
    known_by = "\n".join((name, str(os_info.get("id", "")), machine_id))
    system = os_info.get("pretty-name") or os_info.get("name") or "an unknown system"
    return HostIdentity(
        host_id=f"guest-{hashlib.sha256(known_by.encode()).hexdigest()[:24]}",
        name=name,
        product=f"{system}, QEMU guest agent {version}",
        emulated=os_info.get("variant-id") == EMULATED,
    )


def is_windows(os_info: Mapping[str, Any]) -> bool:
    """Tell whether VSS does the freezing in this guest."""
    return os_info.get("id") == WINDOWS


async def runs_here(questions: Questions) -> bool:
    """Tell whether the agent's guest is this very machine, as in a lab: then it freezes what is ours."""
    here = await asyncio.to_thread(Path(BOOT_ID_FILE).read_text, "ascii")
    return await _file(questions, BOOT_ID_FILE) == here.strip()


async def _machine_id(questions: Questions) -> str:
    return await _file(questions, MACHINE_ID_FILE)


async def _file(questions: Questions, path: str) -> str:
    """Read a short file of the guest; empty if there is none, or the agent does not give it."""
    if not await questions.enabled() >= _FILE_COMMANDS:
        return ""
    try:
        handle = await questions.ask("guest-file-open", {"path": path, "mode": "r"})
    except HostError as error:
        if error.code != "host.rejected":
            raise
        return ""
    try:
        read = await questions.ask("guest-file-read", {"handle": handle, "count": FILE_BYTES})
    finally:
        await questions.ask("guest-file-close", {"handle": handle})
    return base64.b64decode(read["buf-b64"]).decode("ascii", errors="replace").strip()


async def _machine_guid(questions: Questions) -> str:
    if "guest-exec" not in await questions.enabled():
        return ""
    try:
        printed = await questions.output("reg.exe", "query", CRYPTOGRAPHY_KEY, "/v", "MachineGuid")
    except HostError as error:
        if error.code != "host.rejected":
            raise
        return ""
    found = _MACHINE_GUID.search(printed)
    return found[1].lower() if found else ""
