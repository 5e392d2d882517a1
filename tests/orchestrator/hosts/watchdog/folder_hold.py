"""A hold over nothing but a folder: any process sees in it what is frozen, and a test makes it fail there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.hosts.watchdog.hold import Hold, HoldFailed, HoldSpec

LOOK_S = 0.001
PATIENCE_S = 15.0  # a test that failed must leave no watchdog that waits for ever


def folder_spec(folder: Path, count: int = 2) -> HoldSpec:
    return HoldSpec(f"{__name__}:FolderHold", {"folder": str(folder), "count": count})


class FolderHold(Hold):
    """Frozen while the file `frozen` is there; `calls` says in which order it was called.

    Each of these files makes it misbehave for as long as it is there: `prepare-fails`, `freeze-fails` (after
    it froze), `freeze-waits` (and looks at nothing meanwhile, like an ioctl), `flush-waits`, `thaw-fails`,
    `thaw-waits`, `not-proven`, `count-lost`, `one-was-thawed`.
    """

    def __init__(self, folder: str, count: int = 2) -> None:
        self._folder = Path(folder)
        self._count = count
        self._behaves_from = time.monotonic() + PATIENCE_S

    def prepare(self) -> None:
        self._called("prepare")
        self._fail_if("prepare-fails")

    def flush(self, cancelled: threading.Event) -> None:
        self._called("flush")
        self._wait_while("flush-waits")

    def freeze(self, cancelled: threading.Event) -> int:
        self._wait_while("freeze-waits")
        if cancelled.is_set():
            raise HoldFailed("host.freeze-failed", "cancelled")
        self._called("freeze")
        (self._folder / "frozen").touch()
        self._fail_if("freeze-fails")
        return self._count

    def thaw(self) -> int | None:
        self._called("thaw")
        self._wait_while("thaw-waits")
        self._fail_if("thaw-fails")
        was_frozen = (self._folder / "frozen").exists()
        (self._folder / "frozen").unlink(missing_ok=True)
        if self._is("count-lost"):
            return None
        return self._count - self._is("one-was-thawed") if was_frozen else 0

    def proven_thawed(self) -> bool:
        return not (self._is("not-proven") or (self._folder / "frozen").exists())

    def reopen(self) -> None:
        self._called("reopen")

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if "fail" in request:
            raise HoldFailed(request["fail"], "as asked", "fake")
        if "bug" in request:
            raise RuntimeError(request["bug"])
        return {"said": request, "pid": os.getpid(), "environment": dict(os.environ)}

    def close(self) -> None:
        """Nothing is open."""

    def _called(self, name: str) -> None:
        if self._folder.exists():  # a test's folders are swept away in the end
            with (self._folder / "calls").open("a") as file:
                file.write(f"{name}\n")

    def _is(self, name: str) -> bool:
        return (self._folder / name).exists() and time.monotonic() < self._behaves_from

    def _fail_if(self, name: str) -> None:
        if self._is(name):
            raise HoldFailed("host.freeze-failed", name, "fake")

    def _wait_while(self, name: str) -> None:
        while self._is(name):
            time.sleep(LOOK_S)


class HoldFolder:
    """The test's view of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    @property
    def spec(self) -> HoldSpec:
        return folder_spec(self.path)

    @property
    def frozen(self) -> bool:
        return (self.path / "frozen").exists()

    @property
    def calls(self) -> list[str]:
        log = self.path / "calls"
        return log.read_text().split() if log.exists() else []

    def let(self, name: str) -> None:
        (self.path / name).touch()

    def let_no_more(self, name: str) -> None:
        (self.path / name).unlink()
