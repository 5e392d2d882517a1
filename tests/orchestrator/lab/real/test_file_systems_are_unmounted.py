"""A file system that somebody looks into is unmounted as soon as they have gone; one in use says so."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.lab.real import file_systems
from orchestrator.lab.real.file_systems import made_file_system, run

pytestmark = pytest.mark.real


def test_whoever_looks_in_for_a_moment_is_waited_for(real_lab: Path) -> None:
    with ExitStack() as stack:
        made = stack.enter_context(made_file_system("ext4", real_lab / "image", real_lab / "mount"))
        looking = (made.mount_point / "file").open("w")
        threading.Timer(0.3, looking.close).start()
        stack.close()
    assert looking.closed


def test_what_stays_in_use_is_said_to_be(real_lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_systems, "LOOKED_IN_S", 0.1)
    with ExitStack() as stack:
        made = stack.enter_context(made_file_system("ext4", real_lab / "image", real_lab / "mount"))
        with (made.mount_point / "file").open("w"), pytest.raises(HostError, match="busy"):
            stack.close()
    run("umount", str(real_lab / "mount"))
