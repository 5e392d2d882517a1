"""What a lab of real parts may not leave behind, and how long that may take."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from orchestrator.lab.real.file_systems import mount_points_under

LIMIT_S: Final = 15.0


def _left_under(folder: Path) -> list[str]:
    """Return processes that name a path below a folder, loop devices over files there, and mounts there."""
    mounts = [str(place) for place in mount_points_under(folder)]
    return [*_processes_of(folder), *loop_files_under(folder), *mounts]


def await_nothing_under(folder: Path, orphans_before: set[str] | None = None) -> None:
    """Wait for what goes by itself, and for loop devices that have lost their file.

    That also holds for a lab that ended well: the kernel drops the mounts of an ended process's namespace,
    and the loop device below with the last of them, a little after the process.
    """
    until = time.monotonic() + LIMIT_S
    while left := [*_left_under(folder), *_new(orphans_before)]:
        assert time.monotonic() < until, left
        time.sleep(0.02)


def loop_files_under(folder: Path) -> list[str]:
    """Return the files below a folder that a loop device lies on, whoever sees them."""
    shown = map(_read, Path("/sys/block").glob("loop*/loop/backing_file"))
    return [each.strip() for each in shown if each.startswith(f"{folder}/")]


def _new(orphans_before: set[str] | None) -> set[str]:
    return set() if orphans_before is None else orphan_loops() - orphans_before


def orphan_loops() -> set[str]:
    """Return the loop devices over files whose file system is mounted nowhere any more: an ended daemon's."""
    return {
        path.parts[3] for path in Path("/sys/block").glob("loop*/loop/backing_file") if _read(path) == "/\n"
    }


def _processes_of(folder: Path) -> list[str]:
    lines = map(_read, Path("/proc").glob("[0-9]*/cmdline"))
    return [line.replace("\0", " ") for line in lines if f"{folder}/" in line]


def _read(path: Path) -> str:
    try:
        return os.fsdecode(path.read_bytes())
    except OSError:  # it has just gone
        return ""
