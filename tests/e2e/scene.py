"""Everything a round needs: store, target, production VM. Taken away in the opposite order."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.lab.real.file_systems import made_file_system, run
from providers.software_reflink.mapping import serial_of
from tests.e2e.guest import first_file_system
from tests.e2e.installation import Installation
from tests.e2e.iscsi_targets import target_server
from tests.e2e.kernel import Kernel, cloud_kernel
from tests.e2e.luns import INDEX, LUNS
from tests.e2e.machine import Boot, Disk, machine
from tests.e2e.promise import NotAsPromised
from tests.e2e.store import STORE_BYTES, Store

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scene:
    """A production VM at work on LUNs of the store, both registered with Quiesce."""

    store: Store
    boot: Boot
    installation: Installation


@contextmanager
def scene(cache: Path, say: Say) -> Iterator[Scene]:
    """Bring it up for the length of the block.

    Raises:
        NotAsPromised: a part did not come up, with what it had to say; or something was left behind.
        HostError: a system program failed.
    """
    kernel = cloud_kernel(cache)
    say(f"kernel: {kernel.package}, unpacked in {cache}")
    with (
        _folder("/tmp") as folder,  # noqa: S108 - short, since the paths of sockets have to be
        _folder("/run") as runtime,
        made_file_system("xfs", folder / "store.img", folder / "store", STORE_BYTES) as made,
        _nothing_is_left_on(made.mount_point),
        target_server(folder) as server,
    ):
        store = Store(made.mount_point)
        for lun in LUNS:
            store.make_lun(lun, in_pieces=lun == INDEX)
        installation = Installation(folder / "home", runtime)
        array_id = installation.add_array(store.root)
        say(f"array: LUNs {', '.join(LUNS)} on XFS with reflink, served by tgt on port {server.port}")
        disks = [Disk(lun, store.lun(lun), serial_of(array_id, lun)) for lun in LUNS]
        boot = Boot(kernel.image, _image(kernel, folder), server, folder)
        agent = folder / "qga.sock"
        with machine("production", "production", boot, disks, agent) as production:
            production.wait_for("up")
            say("production VM: up; it writes n to its log disk, then n to its db disk, and so on")
            installation.add_host(agent)
            try:
                yield Scene(store, boot, installation)
            except NotAsPromised as problem:
                problem.add_note(production.tail())
                raise


@contextmanager
def _folder(below: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="quiesce-e2e-", dir=below) as name:
        yield Path(name)


def _image(kernel: Kernel, folder: Path) -> Path:
    path = folder / "first-file-system"
    path.write_bytes(first_file_system(kernel))
    return path


@contextmanager
def _nothing_is_left_on(store: Path) -> Iterator[None]:
    """Take away devices over files of the store: a command of ours that was killed may have left some."""
    try:
        yield
    except BaseException:
        _detach_all(store)
        raise
    if left := _detach_all(store):
        raise NotAsPromised(f"devices were left behind: {', '.join(left)}")


def _detach_all(store: Path) -> list[str]:
    listed = json.loads(run("losetup", "--json", "--output", "NAME,BACK-FILE") or "{}")
    found = [
        f"{device['name']} over {device['back-file']}"
        for device in listed.get("loopdevices", [])
        if Path(device["back-file"]).is_relative_to(store)
    ]
    for each in found:
        run("losetup", "--detach", each.partition(" ")[0])
    return found
