"""`python -m orchestrator.hosts.watchdog`: its orchestrator is at the other end of 0 and 1."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from orchestrator.hosts.watchdog.channel import Channel
from orchestrator.hosts.watchdog.keeper import Keeper

# What ends a process; here it must not before the thaw. SIGKILL nobody can ignore: see `takeover`.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Keep one hold, then end."""
    channel = Channel(sys.stdin.fileno(), sys.stdout.fileno())
    keeper = Keeper(channel)

    def handle(_number: int, _frame: FrameType | None) -> None:
        keeper.end_when_thawed()

    for number in SIGNALS:
        signal.signal(number, handle)
    channel.catch_signals()
    keeper.run()


if __name__ == "__main__":
    main()
