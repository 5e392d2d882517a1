"""/hosts and /host-groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.naming import check_name
from providers.pure_flasharray.emulator.objects import Host, HostGroup
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

PORT_KINDS: Final = ("iqns", "nqns", "wwns")
FIELDS: Final = "name connection_count host_group is_local iqns nqns wwns personality preferred_arrays vlan"


def render(array: FlashArray, host: Host) -> Item:
    """Return a host as the API shows it. Hosts have no id."""
    return {
        "name": host.name,
        "connection_count": sum(1 for connection in array.connections if connection.peer in _peers(host)),
        "host_group": {"name": host.belongs_to.name} if host.belongs_to else {},
        "is_local": True,
        **host.ports,
        "personality": host.settings.get("personality"),
        "preferred_arrays": [],
        "vlan": host.settings.get("vlan", "any"),
    }


def get(array: FlashArray, call: Call) -> list[Item]:
    """List hosts."""
    return [render(array, host) for host in array.hosts.shown(call)]


def post(array: FlashArray, call: Call) -> list[Item]:
    """Create hosts."""
    names = call.required("names")
    for name in names:
        check_name(name)
        array.hosts.check_free(name)
    ports = {kind: list(call.body.get(kind, [])) for kind in PORT_KINDS}
    if len(names) > 1 and any(ports.values()):
        raise Refusal("Ports can be given to one host at a time.", names[1])
    _check_unused(array, ports, None)
    made = [Host(name=name, ports=ports, settings=_settings(call.body)) for name in names]
    for host in made:
        array.hosts.add(host)
    return [render(array, host) for host in made]


def patch(array: FlashArray, call: Call) -> list[Item]:
    """Change one host: name, ports, settings, host group."""
    hosts, body = array.hosts.chosen(call), call.body
    if len(hosts) != 1:
        raise Refusal("One host at a time can be changed.", hosts[1].name)
    host = hosts[0]
    ports = {kind: _changed(host.ports[kind], kind, body) for kind in PORT_KINDS}
    _check_unused(array, ports, host)
    if "host_group" in body:
        name = body["host_group"].get("name")
        host.belongs_to = array.host_groups.named(name) if name else None
    if "name" in body:
        check_name(body["name"])
        array.hosts.check_free(body["name"])
        array.hosts.rename(host, body["name"])
    host.ports, host.settings = ports, {**host.settings, **_settings(body)}
    return [render(array, host)]


def delete(array: FlashArray, call: Call) -> None:
    """Delete hosts that nothing is presented to."""
    hosts = array.hosts.chosen(call)
    for host in hosts:
        if any(connection.peer is host for connection in array.connections):
            raise Refusal("Host cannot be deleted due to existing connections.", host.name)
    for host in hosts:
        array.hosts.remove(host)


def get_groups(array: FlashArray, call: Call) -> list[Item]:
    """List host groups."""
    return [_render_group(array, together) for together in array.host_groups.shown(call)]


def post_groups(array: FlashArray, call: Call) -> list[Item]:
    """Create empty host groups."""
    names = call.required("names")
    for name in names:
        check_name(name)
        array.host_groups.check_free(name)
    made = [HostGroup(name=name) for name in names]
    for together in made:
        array.host_groups.add(together)
    return [_render_group(array, together) for together in made]


def delete_groups(array: FlashArray, call: Call) -> None:
    """Delete host groups that nothing is presented to and that are empty."""
    chosen = array.host_groups.chosen(call)
    for together in chosen:
        if any(connection.peer is together for connection in array.connections):
            raise Refusal("Host group cannot be deleted due to existing connections.", together.name)
        if _hosts_of(array, together):
            raise Refusal("Host group is not empty.", together.name)
    for together in chosen:
        array.host_groups.remove(together)


def get_group_members(array: FlashArray, call: Call) -> list[Item]:
    """List which hosts are in which host groups."""
    chosen = array.host_groups.picked(call, "group_names", "")
    hosts = array.hosts.picked(call, "member_names", "")
    return [
        _membership(together, host)
        for together in (array.host_groups if chosen is None else chosen)
        for host in _hosts_of(array, together)
        if hosts is None or host in hosts
    ]


def post_group_members(array: FlashArray, call: Call) -> list[Item]:
    """Put hosts into one host group."""
    together, hosts = _named_membership(array, call)
    for host in hosts:
        if host.belongs_to is not None:
            raise Refusal(f"Host already belongs to host group {host.belongs_to.name}.", host.name)
    for host in hosts:
        host.belongs_to = together
    return [_membership(together, host) for host in hosts]


def delete_group_members(array: FlashArray, call: Call) -> None:
    """Take hosts out of one host group."""
    together, hosts = _named_membership(array, call)
    for host in hosts:
        if host.belongs_to is not together:
            raise Refusal(f"Host could not be found in host group {together.name}.", host.name)
    for host in hosts:
        host.belongs_to = None


def _peers(host: Host) -> tuple[Host | HostGroup, ...]:
    return (host, host.belongs_to) if host.belongs_to else (host,)


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: body[key] for key in ("personality", "vlan") if key in body}


def _changed(ports: list[str], kind: str, body: Mapping[str, Any]) -> list[str]:
    gone = body.get(f"remove_{kind}", [])
    return [port for port in (*body.get(kind, ports), *body.get(f"add_{kind}", [])) if port not in gone]


def _check_unused(array: FlashArray, ports: Mapping[str, list[str]], owner: Host | None) -> None:
    for host in array.hosts:
        if host is not owner:
            for port in (port for kind in PORT_KINDS for port in ports[kind] if port in host.ports[kind]):
                raise Refusal("The specified port is already in use.", port)


def _hosts_of(array: FlashArray, together: HostGroup) -> list[Host]:
    return [host for host in array.hosts if host.belongs_to is together]


def _render_group(array: FlashArray, together: HostGroup) -> Item:
    return {
        "name": together.name,
        "connection_count": sum(1 for connection in array.connections if connection.peer is together),
        "host_count": len(_hosts_of(array, together)),
        "is_local": True,
    }


def _membership(together: HostGroup, host: Host) -> Item:
    return {"group": {"name": together.name}, "member": {"name": host.name}}


def _named_membership(array: FlashArray, call: Call) -> tuple[HostGroup, list[Host]]:
    chosen = array.host_groups.chosen(call, "group_names", "")
    if len(chosen) != 1:
        raise Refusal("One host group at a time can be changed.", chosen[1].name)
    return chosen[0], array.hosts.chosen(call, "member_names", "")
