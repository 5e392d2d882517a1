"""A host with two mailbox databases, their logs on one array and their database files on another."""

from __future__ import annotations

from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.hosts import Component, HostLun, HostVolume, Survey, WriterInstance
from orchestrator.policy.topology import ArrayClaim
from tests.facts import ours

WRITER = WriterInstance("76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "writer-1", "Microsoft Exchange Writer")


def database(number: int, *, selectable: bool = True) -> Component:
    """Return a component whose files lie on E: and L:."""
    files = (rf"E:\DB{number:02}\DB{number:02}.edb", rf"L:\DB{number:02}\E{number:02}*.log")
    name = f"{number:08}-0000-0000-0000-000000000000"
    return Component(
        "writer-1", r"Exchange Server\Microsoft Information Store", name, f"DB{number:02}", selectable, files
    )


def host_volume(name: str, mount_point: str, *lun_ids: str) -> HostVolume:
    """Return a basic host volume, one LUN for each identity."""
    return HostVolume(
        rf"\\?\Volume{{{name}}}" "\\", (mount_point,), tuple(HostLun((one,)) for one in lun_ids)
    )


def claim(array: str, volume_id: str, lun_id: str, *, ours: bool = False) -> ArrayClaim:
    """Return an array's word that a LUN is its array volume."""
    return ArrayClaim(
        array, f"{array}-name", ArrayVolume(volume_id, f"{volume_id}-name", lun_id, 1 << 20, ours)
    )


def survey(*host_volumes: HostVolume) -> Survey:
    """Return the host, with E: and L: unless told otherwise."""
    return Survey(
        writers=(WRITER,),
        components=(database(1), database(2)),
        host_volumes=host_volumes or (E, L),
        clock=ours(-60.0),
    )


E = host_volume("e", "E:\\", "naa.e")
L = host_volume("l", "L:\\", "naa.l")
CLAIMS = {"naa.e": [claim("databases", "vol-e", "naa.e")], "naa.l": [claim("logs", "vol-l", "naa.l")]}
