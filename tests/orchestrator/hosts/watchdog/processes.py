"""Watchdogs as the system sees them."""

from __future__ import annotations

from pathlib import Path

from orchestrator.hosts.watchdog.spawning import MODULE

PARENT = 1  # field 4 of /proc/PID/stat, counted from the one after the name


def watchdogs_of(parent: int) -> list[int]:
    """Return the watchdogs, dead ones that nobody buried included, that a process started."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (place / "stat").read_text().rpartition(")")[2].split()
            command = (place / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        buried = after_name[0] == "Z"  # has no command line any more
        if int(after_name[PARENT]) == parent and (buried or MODULE.encode() in command):
            found.append(int(place.name))
    return found


def ended(pid: int) -> bool:
    """Tell whether a process runs no more."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def parent_and_session(pid: int) -> tuple[int, int]:
    after_name = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(after_name[PARENT]), int(after_name[3])


def opened_by(pid: int) -> tuple[str, list[str]]:
    """Return a process's working folder and what it has open."""
    place = Path("/proc") / str(pid)
    return str((place / "cwd").readlink()), [str(one.readlink()) for one in (place / "fd").iterdir()]
