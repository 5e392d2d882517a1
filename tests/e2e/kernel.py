"""Debian's kernel for virtual machines, fetched by apt, unpacked and never installed."""

from __future__ import annotations

import lzma
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import HostError
from orchestrator.lab.real.file_systems import run
from tests.e2e.promise import NotAsPromised

META_PACKAGE: Final = "linux-image-cloud-amd64"
_DEPENDS: Final = re.compile(r"Depends: (linux-image-[0-9]\S*)")
_MODULE_NEEDS: Final = re.compile(rb"\0depends=([^\0]*)\0")
_PLAIN_OWNER: Final = ("-o", "APT::Sandbox::User=root")  # apt's own user may not write to our folder


@dataclass(frozen=True)
class Kernel:
    """A kernel and its modules, as files of this machine."""

    package: str
    image: Path
    modules: Path

    def modules_for(self, wanted: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return the wanted modules and all that they need, as (name, content), in the order to load them."""
        files = {_module_name(path): path for path in self.modules.rglob("*.ko*")}
        builtin = (next(self.modules.glob("*/modules.builtin"))).read_text(encoding="ascii").split()
        present = {_module_name(Path(line)) for line in builtin}
        contents: dict[str, bytes] = {}

        def load(name: str) -> bytes:
            if name not in files:
                raise NotAsPromised(f"{self.package} has no module {name}")
            return _unpacked(files[name])

        def add(names: Iterable[str]) -> None:
            for name in names:
                if name not in contents and name not in present:
                    content = load(name)
                    add(needs_of(content))
                    contents[name] = content

        add(wanted)
        return list(contents.items())


def cloud_kernel(cache: Path) -> Kernel:
    """Return the kernel, fetched only when the cache has not got it.

    Raises:
        HostError: `lab.command-failed`, with what apt or dpkg complained of.
        NotAsPromised: this system has no such kernel.
    """
    package = _package_name()
    unpacked = cache / package
    if not unpacked.exists():
        _fetch(package, unpacked)
    return Kernel(package, next(unpacked.glob("boot/vmlinuz-*")), unpacked / "lib" / "modules")


def needs_of(module: bytes) -> list[str]:
    """Return the names of the modules that one says it depends on."""
    found = _MODULE_NEEDS.search(module)
    return [name for name in found[1].decode("ascii").split(",") if name] if found else []


def _package_name() -> str:
    """Return the name of the package with the newest kernel: it carries the version."""
    said = run("apt-cache", "depends", META_PACKAGE)
    if not (found := _DEPENDS.search(said)):
        run("apt-get", "update", "-qq")
        found = _DEPENDS.search(run("apt-cache", "depends", META_PACKAGE))
    if not found:
        raise NotAsPromised(f"this system's package lists have no {META_PACKAGE}: a Debian on x86-64 has it")
    return found[1]


def _fetch(package: str, unpacked: Path) -> None:
    partial = unpacked.with_name(f"{unpacked.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    download = ("env", "-C", str(partial), "apt-get", "download", "-qq", *_PLAIN_OWNER, package)
    try:
        run(*download)
    except HostError:  # lists that are old name a version that is gone
        run("apt-get", "update", "-qq")
        run(*download)
    (archive,) = partial.glob("*.deb")
    run("dpkg", "-x", str(archive), str(partial))
    archive.unlink()
    partial.rename(unpacked)


def _module_name(path: Path) -> str:
    return path.name.partition(".ko")[0].replace("-", "_")


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content
