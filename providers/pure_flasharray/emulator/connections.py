"""/connections: volumes presented to hosts and host groups."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Final

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.objects import ArrayVolume, Connection, Host, HostGroup
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

# In which order the array hands out LUNs (the vendor's model of a connection).
PRIVATE_LUNS: Final = range(1, 4096)
SHARED_LUNS: Final = (*range(254, 0, -1), *range(255, 4096))


def get(array: FlashArray, call: Call) -> list[Item]:
    """List connections, one row per host."""
    hosts = array.hosts.picked(call, "host_names", "")
    host_groups = array.host_groups.picked(call, "host_group_names", "")
    volumes = array.volumes.picked(call, "volume_names", "volume_ids")
    return [
        _row(connection, host)
        for connection in list(array.connections)
        if volumes is None or connection.volume in volumes
        if host_groups is None or connection.peer in host_groups
        for host in hosts_behind(array, connection.peer)
        if hosts is None or host in hosts
    ]


def post(array: FlashArray, call: Call) -> list[Item]:
    """Present volumes, each under the LUN asked for or a free one."""
    peers, volumes = _asked_for(array, call)
    made: list[Connection] = []
    for peer in peers:
        for volume in volumes:
            array.volumes.live(volume.name)
            known = [*array.connections, *made]
            if any(one.peer is peer and one.volume is volume for one in known):
                raise Refusal("Connection already exists.", volume.name)
            made.append(Connection(peer, volume, _lun(call, peer, known)))
    array.connections = [*array.connections, *made]
    return [_row(one, host) for one in made for host in hosts_behind(array, one.peer)]


def delete(array: FlashArray, call: Call) -> None:
    """Withdraw volumes."""
    peers, volumes = _asked_for(array, call)
    gone = [one for one in array.connections if one.peer in peers and one.volume in volumes]
    if len(gone) != len(peers) * len(volumes):
        raise Refusal("Connection does not exist.", volumes[0].name)
    array.connections = [one for one in array.connections if one not in gone]


def _asked_for(array: FlashArray, call: Call) -> tuple[list[Host | HostGroup], list[ArrayVolume]]:
    if ("host_names" in call.query) == ("host_group_names" in call.query):
        raise Refusal("Exactly one of host_names and host_group_names is required.")
    hosts = array.hosts.picked(call, "host_names", "") or []
    host_groups = array.host_groups.picked(call, "host_group_names", "") or []
    return [*hosts, *host_groups], array.volumes.chosen(call, "volume_names", "volume_ids")


def _lun(call: Call, peer: Host | HostGroup, known: Iterable[Connection]) -> int:
    related = {peer, peer.belongs_to} if isinstance(peer, Host) else {peer}
    used = {
        one.lun
        for one in known
        if one.peer in related or (isinstance(one.peer, Host) and one.peer.belongs_to is peer)
    }
    wanted = call.body.get("lun")
    if wanted in used:
        raise Refusal("The LUN is already in use.", str(wanted))
    if wanted is not None:
        if wanted not in PRIVATE_LUNS:
            raise Refusal("Invalid LUN: 1 to 4095.", str(wanted))
        return int(wanted)
    free = next(
        (lun for lun in (PRIVATE_LUNS if isinstance(peer, Host) else SHARED_LUNS) if lun not in used), None
    )
    if free is None:
        raise Refusal("Connection limit reached.", peer.name)
    return free


def hosts_behind(array: FlashArray, peer: Host | HostGroup) -> list[Host | None]:
    """Return the hosts that a connection leads to; one None for a host group without hosts."""
    if isinstance(peer, Host):
        return [peer]
    return list(chain(host for host in array.hosts if host.belongs_to is peer)) or [None]


def _row(connection: Connection, host: Host | None) -> Item:
    peer = connection.peer
    return {
        "host": {"name": host.name} if host else {},
        "host_group": {"name": peer.name} if isinstance(peer, HostGroup) else {},
        "lun": connection.lun,
        "protocol_endpoint": {},
        "volume": connection.volume.reference,
    }
