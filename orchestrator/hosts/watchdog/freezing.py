"""One freeze, in a thread of its own: an ioctl cannot be interrupted, and a limit may pass meanwhile."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from orchestrator.hosts.watchdog.hold import Hold, HoldFailed
from orchestrator.hosts.watchdog.protocol import reading
from orchestrator.model.hosts import FreezeReport
from orchestrator.model.time import Reading


class Freezing:
    """A freeze under way, or how it went.

    Attributes:
        frozen_at: read before the first call that freezes; None if it never came to one.
        report: what was frozen; None until then, and for good if it failed.
        failure: why it failed.
    """

    def __init__(self, hold: Hold, tell: Callable[[], None]) -> None:
        """Start it; `tell` is called from its thread when it has ended."""
        self.frozen_at: Reading | None = None
        self.report: FreezeReport | None = None
        self.failure: HoldFailed | None = None
        self._hold = hold
        self._tell = tell
        self._cancelled = threading.Event()
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def over(self) -> bool:
        """Whether no call of it is under way or will be made."""
        return self._over.is_set()

    def cancel(self) -> None:
        """Let no further call be made."""
        self._cancelled.set()

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # the main thread takes them all
        try:
            self._hold.flush(self._cancelled)
            self.frozen_at = reading()
            count = self._hold.freeze(self._cancelled)
            self.report = FreezeReport((), self.frozen_at, reading(), count)
        except HoldFailed as failure:
            self.failure = failure
        except Exception as fault:  # noqa: BLE001 - a plugin's hold may raise anything; it is thawed then
            self.failure = HoldFailed("internal.fault", f"{type(fault).__name__}: {fault}")
        finally:
            self._over.set()
            self._tell()
