"""What tests do to a lab: freeze by themselves, make a set and show it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from orchestrator.config.state_folder import StateFolder
from orchestrator.engine.progress import ignore
from orchestrator.hosts.fsfreeze import ioctl
from orchestrator.lab.real.file_systems import LabFileSystem, check_own
from orchestrator.lab.real.stage import Stage
from orchestrator.logs import WindowBuffer
from orchestrator.service.installation import Installation
from orchestrator.service.presentation import present_set
from orchestrator.service.runs import run_job


def freeze(*file_systems: LabFileSystem) -> None:
    """Freeze what the lab made, and nothing else."""
    for each in file_systems:
        check_own(each.mount_point)
        descriptor = os.open(each.mount_point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            ioctl.freeze(descriptor)
        finally:
            os.close(descriptor)


def freeze_stage(stage: Stage) -> None:
    """Freeze both file systems of a stage."""
    freeze(stage.log, stage.database)


def present_clones(stage: Stage) -> None:
    """Make a proven set, and show its clones to this machine."""
    result = run_job(stage.installation, stage.job, ignore)
    assert present_set(stage.installation, result.set_name)


def installation_in(home: Path) -> Installation:
    """Return an installation that logs nothing."""
    installation = Installation(StateFolder(home / "state"), WindowBuffer(logging.NullHandler()))
    installation.folder.prepare()
    return installation
