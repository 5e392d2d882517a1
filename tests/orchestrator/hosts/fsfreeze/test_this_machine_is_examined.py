"""What `host test` learns of this machine's own file systems. Nothing is frozen."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.hosts.fsfreeze.coordinator import FsfreezeCoordinator, FsfreezeSettings
from orchestrator.hosts.fsfreeze.examination import examination
from orchestrator.model.hosts import CheckStatus
from orchestrator.plugin import ProviderContext, Secret

GOOD, BAD = CheckStatus.GOOD, CheckStatus.BAD


def told(obstacles: dict[str, str | None], folder: Path) -> dict[str, CheckStatus]:
    checks = list(examination(obstacles, folder, "fsfreeze"))
    for check in checks:
        assert check.found.endswith("."), check
        assert bool(check.remedy) is (check.status is not GOOD), check
    return {check.what: check.status for check in checks}


@pytest.mark.parametrize(
    ("obstacles", "status"),
    [
        ({"/srv": None, "/": "it is this machine's root"}, GOOD),
        ({"/": "it is this machine's root"}, BAD),
        ({}, BAD),
    ],
)
def test_a_machine_needs_a_file_system_that_can_be_frozen(
    tmp_path: Path, obstacles: dict[str, str | None], status: CheckStatus
) -> None:
    assert told(obstacles, tmp_path / "run") == {"rights": GOOD, "file systems": status, "another set": GOOD}


def test_what_cannot_be_frozen_is_named_with_its_reason(tmp_path: Path) -> None:
    _, check, _ = examination({"/srv": None, "/mnt": "it is vfat"}, tmp_path, "fsfreeze")
    assert check.found == "1 of 2 can be frozen. Not /mnt: it is vfat."


def test_the_lease_of_another_set_is_bad_and_a_strangers_is_not(tmp_path: Path) -> None:
    (tmp_path / "guest-1.s7.lease").touch()
    assert told({"/srv": None}, tmp_path)["another set"] is GOOD
    (tmp_path / "fsfreeze.s7.lease").touch()
    assert told({"/srv": None}, tmp_path)["another set"] is BAD
    *_, check = examination({"/srv": None}, tmp_path, "fsfreeze")
    assert "The set s7 " in check.found


async def test_this_very_machine_examines_itself(tmp_path: Path) -> None:
    here = FsfreezeCoordinator(
        ProviderContext("here", "file:///", Secret("")), FsfreezeSettings(runtime_folder=tmp_path / "run")
    )
    assert [check.what for check in await here.examine()] == ["rights", "file systems", "another set"]
