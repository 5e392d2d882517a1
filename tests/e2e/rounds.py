"""One round: a proven set by Quiesce, a break-off by hand, and a standby VM that reads both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.installation import ProvenSet
from tests.e2e.luns import FILE_SYSTEMS, LUNS
from tests.e2e.machine import Disk, machine
from tests.e2e.promise import NotAsPromised
from tests.e2e.scene import Scene
from tests.e2e.verdict import Copy, copies

JOB: Final = "end-to-end"
GRADE: Final = "file-system-consistent"
OFF_S: Final = 30.0


@dataclass(frozen=True)
class Round:
    """What one round showed."""

    proven: ProvenSet
    frozen: Copy
    unfrozen: Copy

    def check(self, before: Round | None) -> None:
        """Hold it against what is promised.

        Raises:
            NotAsPromised: says what is otherwise.
        """
        if self.proven.grade != GRADE or self.proven.emulated:
            raise NotAsPromised(f"the set is not {GRADE}, made by real parts: {self.proven}")
        if not self.frozen.valid:
            raise NotAsPromised(f"a clone that Quiesce proved is not valid: {self.frozen}")
        if self.unfrozen.in_order or self.unfrozen.clean:
            raise NotAsPromised(f"a copy cut with nothing frozen does not show it: {self.unfrozen}")
        if self.unfrozen.log <= self.frozen.log:
            raise NotAsPromised(f"the writer stood still after the thaw: {self.frozen}; {self.unfrozen}")
        if before is not None and self.frozen.log <= before.unfrozen.db:
            raise NotAsPromised(f"the writer stood still between rounds: {before.unfrozen}; {self.frozen}")


def play(scene: Scene, number: int) -> Round:
    """Play one round.

    Raises:
        NotAsPromised: a step failed; what the copies hold is for the caller to judge.
    """
    proven = scene.installation.run(JOB, FILE_SYSTEMS, GRADE)
    scene.installation.check_nothing_is_held()
    scene.installation.verify(proven)
    broken_off = scene.store.break_off(LUNS, scene.store.root / f"broken-off-{number}")
    with scene.installation.presented(proven.set_id) as clones:
        found = _read_on_standby(scene, {"frozen": clones, "unfrozen": broken_off}, f"standby-{number}")
    return Round(proven, found["frozen"], found["unfrozen"])


def _read_on_standby(scene: Scene, files: Mapping[str, Mapping[str, Path]], name: str) -> Mapping[str, Copy]:
    """Map copies as read-only LUNs of a standby VM, and let it mount and read them."""
    disks = [
        Disk(f"{copy}-{lun}", parts[lun], f"{copy}-{lun}", read_only=True)
        for copy, parts in files.items()
        for lun in LUNS
    ]
    with machine(name, "standby", scene.boot, disks) as standby:
        standby.wait_for("down")
        standby.wait_for_end(OFF_S)
        return copies(standby.said())
