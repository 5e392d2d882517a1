"""One installation of Quiesce, used as its user would: by the command line, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestrator.lab.real.file_systems import run
from tests.e2e.children import LOOK_EVERY_S
from tests.e2e.promise import NotAsPromised

COMMAND_S: Final = 120.0
UNDO_S: Final = 60.0
REST_S: Final = 5.0
HOST: Final = "production"
ARRAY: Final = "store"


@dataclass(frozen=True)
class ProvenSet:
    """A set that a run made."""

    set_id: str
    grade: str
    emulated: bool
    window_ms: float
    evidence: Path
    public_key: Path


@dataclass(frozen=True)
class Installation:
    """Where it keeps what.

    Attributes:
        folder: its state.
        runtime: the leases of what it holds frozen.
    """

    folder: Path
    runtime: Path

    def quiesce(self, *words: str | Path) -> dict[str, Any]:
        """Run a command and return its result. When we are stopped meanwhile, it is, and may undo its work.

        Raises:
            NotAsPromised: it did not succeed; with all that it said.
        """
        own = {name: value for name, value in os.environ.items() if not name.startswith("QUIESCE_")}
        with subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *map(str, words), "--json"],
            env={**own, "QUIESCE_HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us
        ) as process:
            try:
                out, err = process.communicate(timeout=COMMAND_S)
            except subprocess.TimeoutExpired:
                raise NotAsPromised(f"quiesce {words[0]}: no end within {COMMAND_S:g} s") from None
            finally:
                _stop(process)
        if process.returncode:
            command = " ".join(map(str, words))
            raise NotAsPromised(f"quiesce {command}: status {process.returncode}\n{out}{err}")
        result: dict[str, Any] = json.loads(out)["result"]
        return result

    def add_array(self, store: Path) -> str:
        """Register the store, and return its id."""
        url = f"file://{store}"
        added = self.quiesce("array", "add", ARRAY, "--kind", "software-reflink", "--url", url)
        array_id: str = added["identity"]["array_id"]
        return array_id

    def add_host(self, agent: Path) -> None:
        """Register the guest behind the socket of its agent."""
        own = ("--setting", f"runtime_folder={self.runtime}")
        url = f"unix://{agent}"
        self.quiesce("host", "add", HOST, "--kind", "qemu-guest-agent", "--url", url, *own)

    def run(self, job: str, file_systems: list[str], grade: str) -> ProvenSet:
        """Make a proven set of file systems, and clones of it."""
        keys = {"name": job, "host": HOST, "databases": file_systems, "consistency": grade, "clone": True}
        path = self.folder / f"{job}.toml"
        path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()), "utf-8")
        result = self.quiesce("run", path)
        run = result["run"]
        return ProvenSet(
            run["set"],
            run["grade"],
            run["emulated"],
            run["window_ms"],
            Path(result["evidence"]["path"]),
            Path(result["public_key"]["path"]),
        )

    @contextmanager
    def presented(self, set_id: str) -> Iterator[Mapping[str, Path]]:
        """Show a set's clones to this machine for the length of the block: by LUN, the device to read."""
        shown = self.quiesce("set", "present", set_id)["clones"]
        try:
            for each in shown:
                if run("blockdev", "--getro", each["device"]).strip() != "1":
                    raise NotAsPromised(f"a clone is presented, but not read-only: {each}")
            yield {each["name"].rpartition("/")[2]: Path(each["device"]) for each in shown}
        finally:
            self.quiesce("set", "withdraw", set_id)

    def check_nothing_is_held(self) -> None:
        """Check that no watchdog is left with anything frozen; one may be about to end.

        Raises:
            NotAsPromised: one is.
        """
        deadline = time.monotonic() + REST_S
        while left := [path.name for path in self.runtime.iterdir()]:
            if time.monotonic() >= deadline:
                raise NotAsPromised(f"leases are left: {', '.join(left)}")
            time.sleep(LOOK_EVERY_S)

    def verify(self, proven: ProvenSet) -> None:
        """Check a set's record with the public key alone.

        Raises:
            NotAsPromised: it does not verify.
        """
        self.quiesce("evidence", "verify", proven.evidence, "--key", proven.public_key)


def _stop(process: subprocess.Popen[str]) -> None:
    """Stop a command that has not ended; make it end when it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.communicate(timeout=UNDO_S)
        except subprocess.TimeoutExpired:
            process.kill()
