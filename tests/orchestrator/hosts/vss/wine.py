"""Windows for tests: a Wine prefix with the mock VSS, our VSS provider compiled, a driver to run there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrator.hosts.vss.shim.build import COMPILER, DLL_NAME, build_provider, compile_windows

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[3]
WINE: Final = "/usr/lib/wine/wine64"  # Debian has it there without the package that would put it on the path
WINESERVER: Final = "/usr/lib/wine/wineserver64"
WINDOWS_PYTHON: Final = ROOT / "build" / "windows-python" / "python.exe"
SCALE: Final = 0.3  # VSS's hold of 10 s takes 3, so that a test of its end does

STORE: Final = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
SYSTEM: Final = "e8132975-6f93-4464-a53e-1050253ae220"
ACTIVE: Final = "11111111-2222-4333-8444-000000000001"
REPLICA: Final = "11111111-2222-4333-8444-000000000002"


def missing_for_wine() -> str:
    """Return what is missing, in words; empty when all is there."""
    lacking = [name for name in (WINE, WINESERVER) if not Path(name).exists()]
    lacking += [] if shutil.which(COMPILER) else [COMPILER]
    lacking += [] if WINDOWS_PYTHON.exists() else [f"{WINDOWS_PYTHON.parent.name} (make test downloads it)"]
    return ", ".join(lacking)


def exchange_script(*faults: str) -> list[str]:
    """Return the lines of a server with two databases, a replica, and a writer that owns nothing of ours."""
    database = "component|1|Microsoft Exchange Server\\Microsoft Information Store\\EX1|{0}|{1}|1|1"
    files = ["file|database|E:\\{0}|{0}.edb|0", "file|log|L:\\{0}|E0*.log|0"]
    lines = [f"writer|Microsoft Exchange Writer|{STORE}|{ACTIVE}|3|1|20"]
    for guid, caption in (("aa", "DB01"), ("bb", "DB02")):
        lines += [database.format(guid, caption), *(file.format(caption) for file in files)]
    lines += [
        f"writer|Microsoft Exchange Replica Writer|{STORE}|{REPLICA}|3|1|20",
        "component|1|Microsoft Exchange Server\\Replica|cc|DB03|0|1",
        f"writer|System Writer|{SYSTEM}|11111111-2222-4333-8444-000000000003|2|2|60",
    ]
    return [*lines, *faults]


@dataclass(frozen=True)
class Told:
    """What a driver said, and what the mock wrote down."""

    steps: Sequence[Mapping[str, Any]]
    log: Sequence[str] = field(repr=False)

    def of(self, what: str) -> Mapping[str, Any]:
        return next(step for step in self.steps if step["did"] == what)

    def code(self, what: str) -> str:
        return str(self.of(what).get("error", ""))

    @property
    def calls(self) -> list[str]:
        return [name for name, _ in self.of("end")["calls"]]

    def at_ms(self, beginning: str) -> int:
        """Return when the mock wrote a line with this beginning."""
        return next(int(line.split()[0]) for line in self.log if line.split(" ", 1)[1].startswith(beginning))

    def logged(self, beginning: str) -> list[str]:
        lines = (line.split(" ", 1)[1] for line in self.log)
        return [line for line in lines if line.startswith(beginning)]


class Wine:
    """A prefix of its own; whatever runs in it ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = folder / "prefix"
        self.provider = folder / DLL_NAME
        self._runs = 0
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the prefix, and compile meanwhile."""
        boot = subprocess.Popen(
            [WINE, "wineboot", "--init"],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            build_provider(self.folder)
            mock = [*sorted((HERE / "mock").glob("*.cpp")), HERE / "mock" / "vssapi.def"]
            dll = self.folder / "vssapi.dll"
            compile_windows(mock, dll, "-shared", "-fexceptions", "-O0")
            boot.wait(120)
        finally:
            boot.kill()
            boot.wait(20)
        self._run("winecfg", "/v", "win10", timeout=60)
        shutil.copy(dll, self.prefix / "drive_c" / "windows" / "system32")
        # Wine's services end with its last program, and starting them takes three seconds: this one stays.
        self._keeper = subprocess.Popen(
            [WINE, str(WINDOWS_PYTHON), "-c", "print(flush=True); input()"],
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._keeper.stdout is not None
        self._keeper.stdout.readline()  # the services are its own now: no run waits for them to end

    def stop(self) -> None:
        """End every process of this prefix, and of no other."""
        subprocess.run([WINESERVER, "--kill"], env=self._environment(), check=False, timeout=20)
        subprocess.run([WINESERVER, "--wait"], env=self._environment(), check=False, timeout=20)
        if self._keeper is not None:
            self._keeper.communicate(timeout=20)

    def run_program(self, program: Path, *arguments: str) -> str:
        """Run a program of Windows', and return what it printed."""
        return self._run(str(program), *arguments, timeout=30).stdout

    def drive(self, *do: str, script: Sequence[str] = (), **orders: object) -> Told:
        """Let a driver do something."""
        with self.driving(*do, script=script, **orders) as (process, log):
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err + out
        return Told(
            [json.loads(line) for line in out.splitlines()], log.read_text(encoding="utf-8").splitlines()
        )

    @contextmanager
    def driving(
        self, *do: str, script: Sequence[str] = (), **orders: object
    ) -> Iterator[tuple[subprocess.Popen[str], Path]]:
        """Start a driver; it is killed at the end if it still runs."""
        self._runs += 1
        folder = self.folder / f"run{self._runs}"
        folder.mkdir()
        lines = [f"provider|{_windows(self.provider)}", *(script or exchange_script())]
        (folder / "script").write_text("\n".join(lines), encoding="utf-8")
        (folder / "orders").write_text(json.dumps({"do": do, **orders}), encoding="utf-8")
        log = folder / "log"
        log.touch()
        environment = self._environment() | {
            "QUIESCE_MOCK_SCRIPT": _windows(folder / "script"),
            "QUIESCE_MOCK_LOG": _windows(log),
            "QUIESCE_MOCK_SCALE": str(SCALE),
        }
        command = [WINE, str(WINDOWS_PYTHON), _windows(HERE / "wine_driver.py"), _windows(folder / "orders")]
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process, log
        finally:
            process.kill()
            process.wait(20)
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()

    def _run(self, *command: str, timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [WINE, *command],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=timeout,
        )

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        return kept | {
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            # The mock instead of Wine's own; and nothing that would want to be downloaded.
            "WINEDLLOVERRIDES": "vssapi=n;mscoree,mshtml=",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def _windows(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")
