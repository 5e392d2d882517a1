"""`make e2e`: frozen clones that a standby VM can take as they are, and unfrozen ones that it cannot.

Real parts from end to end: a production VM on iSCSI LUNs, its guest agent, Quiesce's own command line,
reflink clones, and a standby VM that mounts them. Needs root on Debian, and apt once, for a kernel.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final, NoReturn

from orchestrator.errors import OrchestratorError
from tests.e2e.promise import NotAsPromised
from tests.e2e.rounds import Round, play
from tests.e2e.scene import Say, Scene, scene

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "quiesce-e2e"


def main() -> None:
    """Play the rounds; exit with 1 when anything is not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        choices=range(1, 101),
        metavar="N",
        help="how many (default: %(default)s)",
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="where the kernel is kept (default: %(default)s)"
    )
    wanted = parser.parse_args()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _stopped)
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)

    try:
        if os.geteuid():
            raise NotAsPromised("missing: root, for loop devices and mounts")
        with scene(wanted.cache.absolute(), say) as stage:
            before: Round | None = None
            for number in range(1, wanted.rounds + 1):
                before = _round(stage, number, before, say)
    except (NotAsPromised, OrchestratorError) as error:
        sys.exit("\n".join([f"not as promised: {error}", *getattr(error, "__notes__", ())]))
    say(f"rounds played: {wanted.rounds}; frozen clones valid, unfrozen copies torn, nothing left behind")


def _round(stage: Scene, number: int, before: Round | None, say: Say) -> Round:
    played = play(stage, number)
    proven = played.proven
    say(f"round {number}: set {proven.set_id}, {proven.grade}, window {proven.window_ms:.0f} ms")
    say(f"    frozen by Quiesce    {played.frozen}")
    say(f"    broken off unfrozen  {played.unfrozen}")
    played.check(before)
    return played


def _stopped(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # as an exception, so that everything is taken away


if __name__ == "__main__":
    main()
