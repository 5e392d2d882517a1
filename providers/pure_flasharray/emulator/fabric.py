"""The lab's SAN, and the udev of each host on it: what a host sees of the volumes presented to it.

A real volume turns up on its hosts as /dev/disk/by-id/wwn-0x624a9370…. Here a link of that name to the file
with the volume's bytes turns up in `<home>/fabric/<host>/`, and goes when the connection goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.connections import hosts_behind

NAA_PREFIX: Final = "624a9370"  # the vendor's IEEE company id; the volume's serial follows

# Whatever may change who sees what.
CHANGING: Final = frozenset({"connections", "hosts", "host-groups/hosts"})


class Fabric:
    """The folders of all hosts of one array.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def follow(self, array: FlashArray) -> None:
        """Show each host what is presented to it, and nothing else. Blocks."""
        for gone in {place.name for place in self.folder.iterdir()} - {host.name for host in array.hosts}:
            _follow(self.folder / gone, {})
            (self.folder / gone).rmdir()
        for host in array.hosts:
            (self.folder / host.name).mkdir(exist_ok=True)
            seen = {
                f"wwn-0x{NAA_PREFIX}{connection.volume.serial.lower()}": connection.volume.path
                for connection in array.connections
                if host in hosts_behind(array, connection.peer)
            }
            _follow(self.folder / host.name, seen)


def _follow(folder: Path, wanted: Mapping[str, Path]) -> None:
    there = {link.name for link in folder.iterdir()}
    for name in there - wanted.keys():
        (folder / name).unlink()
    for name in wanted.keys() - there:
        (folder / name).symlink_to(wanted[name])
