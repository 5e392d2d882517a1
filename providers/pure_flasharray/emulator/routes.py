"""The table of what may be asked: method, resource, since which version, parameters, body fields.

Taken from the vendor's SDK 1.96.0. A parameter or body field that is not in the table is refused, also
where the real array knows it and we do not emulate it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from providers.pure_flasharray.emulator import (
    admins,
    appliance,
    connections,
    hosts,
    protection_group_snapshots,
    protection_groups,
    volume_snapshots,
    volumes,
)
from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

Version = tuple[int, int]
Fields = Mapping[str, Any]  # a type, or the fields of an object


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that may be asked.

    Attributes:
        handler: carries it out; a listing's items still go through filter, sort and paging.
        since: the first version that has it.
        query: the parameters it knows.
        body: the fields it knows.
        fields: those of a listing's items, for filter and sort.
    """

    handler: Callable[[FlashArray, Call], list[Item] | None]
    since: Version = (2, 0)
    query: frozenset[str] = frozenset()
    body: Fields = field(default_factory=dict)
    fields: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LISTING: Final = "filter sort limit offset continuation_token total_item_count "
_SNAPSHOT_QUERY: Final = "names ids source_names source_ids destroyed"
_PG_CUT: Final = (
    "source_names source_ids allow_throttle apply_retention for_replication replicate replicate_now"
)
_MEMBERS: Final = "group_names group_ids member_names member_ids"
_REFERENCE: Final[Fields] = {"id": str, "name": str}
_RETENTION: Final[Fields] = {"all_for_sec": int, "days": int, "per_day": int}
_PORTS: Final[Fields] = {"iqns": list, "nqns": list, "wwns": list}
_HOST: Final[Fields] = {**_PORTS, "personality": str, "vlan": str}
_PORT_CHANGES: Final[Fields] = {f"{verb}_{kind}": list for verb in ("add", "remove") for kind in _PORTS}


def _listing(
    handler: Callable[[FlashArray, Call], list[Item]], query: str, fields: str, since: Version = (2, 0)
) -> Route:
    return Route(handler, since, _words(_LISTING + query), {}, _words(fields))


def _change(
    handler: Callable[[FlashArray, Call], list[Item] | None],
    query: str,
    body: Fields | None = None,
    since: Version = (2, 0),
) -> Route:
    return Route(handler, since, _words(query), body or {})


ROUTES: Final[dict[tuple[str, str], Route]] = {
    ("GET", "arrays"): _listing(appliance.get_arrays, "", appliance.ARRAY_FIELDS, (2, 2)),
    ("PATCH", "arrays"): _change(
        appliance.patch_arrays,
        "",
        {
            "name": str,
            "idle_timeout": int,
            "eradication_config": {"eradication_delay": int},
        },
        (2, 2),
    ),
    ("GET", "controllers"): _listing(appliance.get_controllers, "names", appliance.CONTROLLER_FIELDS, (2, 2)),
    ("GET", "admins"): _listing(admins.get_admins, "names expose_api_token", admins.FIELDS, (2, 2)),
    ("POST", "admins"): _change(
        admins.post_admins,
        "names",
        {"password": str, "public_key": str, "role": {"name": str}},
        (2, 2),
    ),
    ("DELETE", "admins"): _change(admins.delete_admins, "names", None, (2, 2)),
    ("GET", "admins/api-tokens"): _listing(
        admins.get_api_tokens, "names expose_api_token", "name api_token", (2, 2)
    ),
    ("POST", "admins/api-tokens"): _change(admins.post_api_tokens, "names timeout", None, (2, 2)),
    ("DELETE", "admins/api-tokens"): _change(admins.delete_api_tokens, "names", None, (2, 2)),
    # ------------------------------------------------------------------ volumes
    ("GET", "volumes"): _listing(volumes.get, "names ids destroyed", volumes.FIELDS),
    ("POST", "volumes"): _change(
        volumes.post,
        "names overwrite with_default_protection",
        {"provisioned": int, "source": _REFERENCE},
    ),
    ("PATCH", "volumes"): _change(
        volumes.patch, "names ids truncate", {"destroyed": bool, "name": str, "provisioned": int}
    ),
    ("DELETE", "volumes"): _change(volumes.delete, "names ids"),
    # ------------------------------------------------------------------ volume snapshots
    ("GET", "volume-snapshots"): _listing(volume_snapshots.get, _SNAPSHOT_QUERY, volume_snapshots.FIELDS),
    ("POST", "volume-snapshots"): _change(
        volume_snapshots.post, "source_names source_ids allow_throttle", {"suffix": str}
    ),
    ("POST", "volume-snapshots/test"): _change(
        volume_snapshots.post_test, "source_names source_ids allow_throttle", {"suffix": str}, (2, 25)
    ),
    ("PATCH", "volume-snapshots"): _change(
        volume_snapshots.patch, "names ids", {"destroyed": bool, "name": str}
    ),
    ("DELETE", "volume-snapshots"): _change(volume_snapshots.delete, "names ids"),
    # ------------------------------------------------------------------ protection groups
    ("GET", "protection-groups"): _listing(
        protection_groups.get, "names ids destroyed", protection_groups.FIELDS, (2, 1)
    ),
    ("POST", "protection-groups"): _change(protection_groups.post, "names", None, (2, 1)),
    ("PATCH", "protection-groups"): _change(
        protection_groups.patch,
        "names ids",
        {"destroyed": bool, "name": str, "retention_lock": str, "source_retention": _RETENTION},
        (2, 1),
    ),
    ("DELETE", "protection-groups"): _change(protection_groups.delete, "names ids", None, (2, 1)),
    ("GET", "protection-groups/volumes"): _listing(
        protection_groups.get_members, _MEMBERS + " member_destroyed", "group member", (2, 1)
    ),
    ("POST", "protection-groups/volumes"): _change(protection_groups.post_members, _MEMBERS, None, (2, 1)),
    ("DELETE", "protection-groups/volumes"): _change(
        protection_groups.delete_members, _MEMBERS, None, (2, 1)
    ),
    ("GET", "protection-groups/targets"): _listing(
        protection_groups.get_targets, "group_names group_ids member_names", "group member", (2, 1)
    ),
    # ------------------------------------------------------------------ protection group snapshots
    ("GET", "protection-group-snapshots"): _listing(
        protection_group_snapshots.get, _SNAPSHOT_QUERY, protection_group_snapshots.FIELDS, (2, 1)
    ),
    ("POST", "protection-group-snapshots"): _change(
        protection_group_snapshots.post, _PG_CUT, {"suffix": str}, (2, 1)
    ),
    ("POST", "protection-group-snapshots/test"): _change(
        protection_group_snapshots.post_test, _PG_CUT, {"suffix": str}, (2, 25)
    ),
    ("PATCH", "protection-group-snapshots"): _change(
        protection_group_snapshots.patch, "names ids", {"destroyed": bool}, (2, 1)
    ),
    ("DELETE", "protection-group-snapshots"): _change(
        protection_group_snapshots.delete, "names ids", None, (2, 1)
    ),
    ("GET", "protection-group-snapshots/transfer"): _listing(
        protection_group_snapshots.get_transfer, _SNAPSHOT_QUERY, protection_group_snapshots.FIELDS, (2, 1)
    ),
    # ------------------------------------------------------------------ hosts and connections
    ("GET", "hosts"): _listing(hosts.get, "names", hosts.FIELDS),
    ("POST", "hosts"): _change(hosts.post, "names", _HOST),
    ("PATCH", "hosts"): _change(
        hosts.patch, "names", {**_HOST, **_PORT_CHANGES, "name": str, "host_group": {"name": str}}
    ),
    ("DELETE", "hosts"): _change(hosts.delete, "names"),
    ("GET", "host-groups"): _listing(hosts.get_groups, "names", "name connection_count host_count is_local"),
    ("POST", "host-groups"): _change(hosts.post_groups, "names"),
    ("DELETE", "host-groups"): _change(hosts.delete_groups, "names"),
    ("GET", "host-groups/hosts"): _listing(
        hosts.get_group_members, "group_names member_names", "group member"
    ),
    ("POST", "host-groups/hosts"): _change(hosts.post_group_members, "group_names member_names"),
    ("DELETE", "host-groups/hosts"): _change(hosts.delete_group_members, "group_names member_names"),
    ("GET", "connections"): _listing(
        connections.get,
        "host_names host_group_names volume_names volume_ids",
        "host host_group lun protocol_endpoint volume",
    ),
    ("POST", "connections"): _change(
        connections.post, "host_names host_group_names volume_names volume_ids", {"lun": int}
    ),
    ("DELETE", "connections"): _change(
        connections.delete, "host_names host_group_names volume_names volume_ids"
    ),
}


def find_route(method: str, resource: str, version: Version) -> Route:
    """Return the route of a request in a version, or refuse it."""
    route = ROUTES.get((method, resource))
    if route is None or route.since > version:
        raise Refusal("The requested resource does not exist.", f"{method} {resource}", status=404)
    return route
