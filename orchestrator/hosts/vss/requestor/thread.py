"""One thread in the multithreaded apartment, on which every COM call of a set is made."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from orchestrator.errors import HostError
from orchestrator.hosts.vss.com.runtime import Runtime

T = TypeVar("T")


class ComThread:
    """Runs what it is given, one after the other, inside COM. `end` it when nothing is owed any more.

    A call into VSS can hang for good. The thread is therefore no reason for the process to stay.

    Args:
        runtime: the COM library.
        name: of the thread.
    """

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._runtime = runtime
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._ended = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Let the thread do something when its turn comes."""
        future: Future[T] = Future()
        with self._lock:
            if self._ended:
                raise RuntimeError("work for a COM thread that has ended")
            self._waiting.put((future, work))
        return future

    def run(self, work: Callable[[], T], timeout_s: float) -> T:
        """Let the thread do something, and return what came of it.

        Raises:
            HostError: `host.vss-late`, it has not come to its end in time. It goes on nevertheless.
        """
        future = self.submit(work)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            if future.done():
                raise
            what = f"VSS has not answered within {timeout_s:g} s"
            raise HostError("host.vss-late", what, subject=self._thread.name) from None

    def end(self) -> None:
        """Let the thread end after what it was given. A second time does nothing."""
        with self._lock:
            if not self._ended:
                self._ended = True
                self._waiting.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has ended, and tell whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _serve(self) -> None:
        obstacle: BaseException | None = None
        try:
            self._runtime.enter_thread()
        except Exception as error:  # noqa: BLE001 - handed to everybody who wants something of this thread
            obstacle = error
        while (given := self._waiting.get()) is not None:
            future, work = given
            try:
                if obstacle is not None:
                    raise obstacle
                result = work()
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it
                future.set_exception(error)
            else:
                future.set_result(result)
            del given, future, work  # nothing of a session stays alive by the thread that waits
        if obstacle is None:
            self._runtime.leave_thread()
