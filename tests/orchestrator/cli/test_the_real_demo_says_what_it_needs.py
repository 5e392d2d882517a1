from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli import demo_real
from orchestrator.cli.demo import demo
from orchestrator.cli.demo_real import percentiles_ms, take_away
from orchestrator.lab.real.order import Order
from orchestrator.lab.real.requirements import PROGRAMS
from orchestrator.lab.real.rounds import Rounds
from orchestrator.lab.real.show import Shown
from orchestrator.lab.real.stage import COMBINATIONS

WHOLE = Order(7, 7)
TORN = Order(7, 8)


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(demo, [*arguments, "--json"])


def test_whoever_is_not_root_is_told_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    result = asked("--real")
    assert result.exit_code == 2
    problem = json.loads(result.stdout)["problem"]
    assert (problem["code"], problem["remedy"]) == ("lab.command-failed", "Run it as root.")
    assert [*tmp_path.iterdir()] == []


def test_all_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name.startswith(("mkfs", "qemu")) else name)
    result = asked("--real")
    assert result.exit_code == 2
    problem = json.loads(result.stdout)["problem"]
    assert "mkfs.ext4, mkfs.xfs, qemu-ga, qemu-img, qemu-storage-daemon" in problem["what"]
    packages = "e2fsprogs qemu-guest-agent qemu-system-common qemu-utils xfsprogs"
    assert f"apt-get install {packages}." in problem["remedy"]
    assert "losetup" in PROGRAMS
    assert "losetup" not in problem["what"]


def test_rounds_are_of_the_real_demo_only() -> None:
    result = CliRunner().invoke(demo, ["--rounds", "3"])
    assert result.exit_code == 2
    assert "--rounds goes with --real" in result.output


def shown(
    split: tuple[Order, ...] = (TORN, TORN, WHOLE),
    frozen: tuple[Order, ...] = (WHOLE, WHOLE),
    problems: tuple[str, ...] = (),
    proofs: int = 2,
) -> Shown:
    return Shown(COMBINATIONS[0], Rounds([*split]), Rounds([*frozen], [], [*problems]), proofs)


def test_the_promise_is_kept() -> None:
    assert shown().as_promised


@pytest.mark.parametrize(
    "broken",
    [
        shown(frozen=(WHOLE, TORN)),
        shown(split=(TORN, WHOLE)),
        shown(problems=("aborted",)),
        shown(proofs=1),
        shown(frozen=(), proofs=0),
    ],
    ids=["a torn clone", "half of the splits", "a failed run", "a missing proof", "no clones at all"],
)
def test_the_promise_is_broken(broken: Shown) -> None:
    assert not broken.as_promised


def test_percentiles_of_few_windows_are_among_them() -> None:
    assert percentiles_ms([]) == {}
    assert percentiles_ms([0.1]) == {"p50": 100.0, "p99": 100.0}
    assert percentiles_ms([number / 1000 for number in range(100, 0, -1)]) == {"p50": 50.0, "p99": 99.0}


def test_what_is_still_mounted_is_not_deleted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(demo_real, "mount_points_under", lambda lab: [lab / "store"])
        take_away(tmp_path / "lab")
    assert (tmp_path / "lab").exists()
    take_away(tmp_path / "lab")
    assert not (tmp_path / "lab").exists()
