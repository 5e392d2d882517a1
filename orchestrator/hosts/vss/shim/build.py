"""Compiles the VSS provider: `python -m orchestrator.hosts.vss.shim.build FOLDER`. Needs mingw-w64's g++."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

COMPILER: Final = "x86_64-w64-mingw32-g++"
DLL_NAME: Final = "quiesce_vss_provider.dll"
SOURCES: Final = Path(__file__).parent

# Static: the DLL is loaded into a process of Windows', where no run-time library of ours lies.
FLAGS: Final = (
    "-std=c++17",
    "-O2",
    "-static",
    "-s",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unknown-pragmas",
    "-Wno-non-virtual-dtor",
    "-DUNICODE",
    "-D_WIN32_WINNT=0x0602",
    "-Wl,--no-insert-timestamp",  # the same sources give the same bytes
)
LIBRARIES: Final = ("-lole32", "-loleaut32", "-luuid", "-ladvapi32")


def build_provider(folder: Path) -> Path:
    """Compile the VSS provider into a folder, and return the DLL.

    Raises:
        FileNotFoundError: there is no compiler.
        subprocess.CalledProcessError: it refused; its words are on stderr.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dll = folder / DLL_NAME
    sources = [*sorted(SOURCES.glob("*.cpp")), SOURCES / "quiesce_vss_provider.def"]
    compile_windows(sources, dll, "-shared")
    return dll


def compile_windows(sources: Iterable[Path], target: Path, *options: str) -> None:
    """Compile C++ for 64-bit Windows, statically linked.

    Raises:
        FileNotFoundError: there is no compiler.
        subprocess.CalledProcessError: it refused; its words are on stderr.
    """
    names = [str(source) for source in sources]
    subprocess.run([COMPILER, *FLAGS, *options, "-o", str(target), *names, *LIBRARIES], check=True)  # noqa: S603 # our own sources


if __name__ == "__main__":
    sys.stdout.write(f"{build_provider(Path(sys.argv[1]))}\n")
