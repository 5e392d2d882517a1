"""File systems that a test made itself, and how it looks at them: by the kernel's word, not by ours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.hosts.watchdog.hold import HoldSpec
from orchestrator.hosts.watchdog.lease import LeaseClaim
from orchestrator.lab.real.file_systems import MKFS, LabFileSystem, made_file_system
from tests.orchestrator.hosts.watchdog.processes import watchdogs_of

Make = Callable[[str], LabFileSystem]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a function that makes and mounts a file system of a kind."""
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    with ExitStack() as stack:

        def made(kind: str) -> LabFileSystem:
            for program in (MKFS[kind][0], "losetup", "mount"):
                if shutil.which(program) is None:
                    pytest.skip(f"missing: {program}")
            name = f"{kind}-{uuid4().hex[:6]}"
            made = made_file_system(kind, tmp_path / f"{name}.img", tmp_path / name)
            return stack.enter_context(made)

        yield made


@pytest.fixture
def ext4(make: Make) -> LabFileSystem:
    return make("ext4")


@pytest.fixture
def xfs(make: Make) -> LabFileSystem:
    return make("xfs")


@pytest.fixture
def btrfs(make: Make) -> LabFileSystem:
    return make("btrfs")


@pytest.fixture
def claim(tmp_path: Path) -> LeaseClaim:
    return LeaseClaim(tmp_path / "run", "fsfreeze", str(uuid4()), 7, str(uuid4()))


@pytest.fixture(autouse=True)
def no_watchdog_is_left() -> Iterator[None]:
    yield
    assert watchdogs_of(os.getpid()) == []


def entry(one: LabFileSystem) -> dict[str, object]:
    """Return a file system as the hold's arguments name it."""
    return {"device": one.device, "mount_points": {str(one.mount_point): one.mount_point.stat().st_dev}}


def spec(*file_systems: LabFileSystem) -> HoldSpec:
    arguments = {"file_systems": [entry(one) for one in file_systems]}
    return HoldSpec("orchestrator.hosts.fsfreeze.hold:IoctlHold", arguments)
