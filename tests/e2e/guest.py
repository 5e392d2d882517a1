"""What both guests boot into: busybox, the modules, the guest agent with its libraries, and one script."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final
from uuid import uuid4

from orchestrator.errors import HostError
from orchestrator.lab.real.file_systems import run
from tests.e2e.archive import Archive
from tests.e2e.kernel import Kernel
from tests.e2e.promise import NotAsPromised

# ext4 and the PCI bus are built into this kernel.
MODULES: Final = ("virtio_pci", "virtio_blk", "virtio_console")
INIT: Final = Path(__file__).with_name("guest_init.sh")
_LIBRARY: Final = re.compile(r"(/\S+) \(0x")


def first_file_system(kernel: Kernel) -> bytes:
    """Return the archive that the kernel unpacks and whose `/init` it starts."""
    archive = Archive()
    archive.console()
    for folder in ("/proc", "/sys", "/run"):
        archive.folder(folder)
    busybox = path_of("busybox")
    if _libraries(busybox):
        raise NotAsPromised(f"{busybox} is not linked statically: install busybox-static")
    archive.program(busybox, at="/bin/busybox")
    for name in ("sh", "sync"):  # what the script and Quiesce call by their own names
        archive.link(f"/bin/{name}", "busybox")
    agent = path_of("qemu-ga")
    archive.program(agent, at="/usr/sbin/qemu-ga")
    for library in _libraries(agent):
        archive.program(library)
    archive.file("/init", INIT.read_bytes(), 0o755)
    archive.file("/etc/os-release", b'ID=busybox\nPRETTY_NAME="busybox guest"\n')
    archive.file("/etc/machine-id", uuid4().hex.encode("ascii") + b"\n")
    modules = kernel.modules_for(MODULES)
    for name, content in modules:
        archive.file(f"/modules/{name}", content)
    archive.file("/modules/order", "".join(f"{name}\n" for name, _ in modules).encode("ascii"))
    return archive.content()


def path_of(name: str) -> Path:
    """Return where a program is, wherever Debian puts those for root.

    Raises:
        NotAsPromised: it is not installed.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise NotAsPromised(f"missing: {name}; as root on Debian `make system-packages` installs it")
    return Path(found)


def _libraries(of: Path) -> list[Path]:
    """Return the libraries that a program loads, the loader itself included; none when it needs none."""
    try:
        return [Path(path) for path in _LIBRARY.findall(run("ldd", str(of)))]
    except HostError:  # "not a dynamic executable"
        return []
