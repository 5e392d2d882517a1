"""The emulator: HTTP requests in, calls to the array, answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import uuid4

from aiohttp import web

from orchestrator.plugin import ArrayEmulator, Fault, LabOptions
from providers.pure_flasharray.emulator.admins import give_api_token
from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.cuts import PlannedReplica, cut
from providers.pure_flasharray.emulator.fabric import CHANGING, NAA_PREFIX, Fabric
from providers.pure_flasharray.emulator.hosts import PORT_KINDS
from providers.pure_flasharray.emulator.lifecycle import is_reaping_due, reap
from providers.pure_flasharray.emulator.listing import page
from providers.pure_flasharray.emulator.naming import check_name, check_suffix
from providers.pure_flasharray.emulator.objects import Admin, Host
from providers.pure_flasharray.emulator.routes import Route, Version, find_route
from providers.pure_flasharray.emulator.sessions import Sessions, may
from providers.pure_flasharray.emulator.strictness import read_call
from providers.pure_flasharray.emulator.volumes import SECTOR_BYTES, create
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal
from providers.shared.emulation.clock import ArrayClock
from providers.shared.emulation.control import LabControl
from providers.shared.emulation.front import Front

# The order of the real array's list; the vendor's SDK walks it from its end.
VERSIONS: Final = ("1.19", "2.0", "2.4", "2.26")
SERVED: Final[dict[str, Version]] = {"2.0": (2, 0), "2.4": (2, 4), "2.26": (2, 26)}
# As the array words them. The burst is announced, not enforced: inject `busy` instead.
RATE_HEADERS: Final = {
    "RateLimit-Limit": "100;w=1;burst=40",
    "RateLimit-Remaining": "40",
    "RateLimit-Reset": "0",
}
FAULT_REFUSALS: Final = {
    "busy": (429, "API rate limit exceeded."),
    "server-is-busy": (500, "Server is busy"),
    "gateway-timeout": (504, "The upstream server is timing out."),
    "gateway-timeout-after-effect": (504, "The upstream server is timing out."),
}


class FlashArrayEmulator(ArrayEmulator):
    """One emulated FlashArray.

    Args:
        options: how it is set up.
        clock: stands in for the clock that the options describe.

    Raises:
        ValueError: an array volume or host object of the options has an impossible name or size.
    """

    kind: ClassVar[str] = "pure-flasharray"

    def __init__(self, options: LabOptions, clock: ArrayClock | None = None) -> None:
        clock = clock or ArrayClock(options.clock_skew_s)
        self._array = FlashArray(options, clock)
        self._sessions = Sessions(self._array)
        self.front = Front(clock, options.latency_s, _fault_refusal)
        self._control = LabControl(self.front, self.admin_cut, self.replicas)
        self._api_token = self.add_admin("pureuser", "array_admin")
        for name, size_bytes in (options.volumes or {}).items():
            self._make_volume(name, size_bytes)
        self._fabric = Fabric(options.home / "fabric")
        for name in options.hosts:
            self._make_host(name)
        self._fabric.follow(self._array)

    def application(self) -> web.Application:
        """Return the application: the array's API and, under /_lab/, the lab's controls."""
        application = web.Application()
        application.router.add_get("/api/api_version", self._answer_versions)
        application.router.add_route("*", "/api/{version}/{resource:.+}", self._answer)
        self._control.add_routes(application)
        application.on_response_prepare.append(_add_headers)
        application.on_shutdown.append(self.front.stop)
        return application

    @property
    def credentials(self) -> Mapping[str, str]:
        """Return the API token of an account that may do everything."""
        return {"api_token": self._api_token}

    def add_admin(self, name: str, role: str) -> str:
        """Add an account of a role (`readonly`, `storage_admin`, …) and return its API token."""
        admin = Admin(name=name, role=role)
        self._array.admins.add(admin)
        return give_api_token(self._array, admin)

    def enable_safe_mode(self) -> None:
        """Disable manual eradication for the whole array, as the vendor's support does. For good."""
        self._array.safe_mode = True

    def describe(self) -> Mapping[str, Any]:
        """Return what a lab host needs to write to the array volumes, and the key to the lab's controls."""
        return {
            "name": self._array.name,
            "lock": str(self._array.media.lock_path),
            "control_key": self._control.key,
            "fabric": str(self._fabric.folder),
            "volumes": [
                {
                    "name": volume.name,
                    "serial": volume.serial,
                    "lun_id": f"naa.{NAA_PREFIX}{volume.serial.lower()}",
                    "path": str(volume.path),
                    "size_bytes": volume.provisioned,
                }
                for volume in self._array.volumes
                if not volume.destroyed
            ],
        }

    def inject(self, fault: Fault) -> None:
        """Misbehave from now on as the fault says."""
        self.front.faults.add(fault)

    def admin_cut(self, volume: str, suffix: str) -> str:
        """Cut one array volume at once and return the replica's name. Blocks."""
        with self._array.changing:
            try:
                check_suffix(suffix)
                planned = PlannedReplica(f"{volume}.{suffix}", suffix, self._array.volumes.live(volume))
                return cut(self._array, [planned], frozenset())[0].name
            except Refusal as refusal:
                raise ValueError(str(refusal)) from refusal

    def replica_path(self, name: str) -> Path:
        """Return the file that holds the bytes of a replica or clone."""
        return Path(self.replicas()[name])

    def replicas(self) -> dict[str, str]:
        """Return the paths of all replicas and clones by name."""
        clones = (volume for volume in self._array.volumes if volume.origin)
        return {kept.name: str(kept.path) for kept in (*self._array.volume_snapshots, *clones)}

    def _make_host(self, name: str) -> None:
        """Make one of the first host objects, without ports: the lab's SAN needs none."""
        _check_name(name)
        if name in {host.name for host in self._array.hosts}:
            raise ValueError(f"{name}: the array has two host objects of this name")
        self._array.hosts.add(Host(name=name, ports={kind: [] for kind in PORT_KINDS}))

    def _make_volume(self, name: str, size_bytes: int) -> None:
        """Make one of the first volumes. The lab may make smaller ones than an admin."""
        _check_name(name)
        if size_bytes <= 0 or size_bytes % SECTOR_BYTES:
            raise ValueError(f"{name}: the size of an array volume is a multiple of {SECTOR_BYTES} bytes")
        create(self._array, name, size_bytes)

    async def _answer_versions(self, request: web.Request) -> web.Response:
        async def execute(_faults: frozenset[str]) -> web.Response:
            return web.json_response({"version": VERSIONS})

        return await self.front.answer(request, "GET api_version", execute)

    async def _answer(self, request: web.Request) -> web.Response:
        call = f"{request.method} {request.match_info['resource']}"
        return await self.front.answer(request, call, partial(self._execute, request))

    async def _execute(self, request: web.Request, faults: frozenset[str]) -> web.Response:
        try:
            return await self._carry_out(request, faults)
        except Refusal as refusal:
            return _refused(refusal)
        except OSError as error:  # the lab's own disk is full, or has no files of that size
            return _refused(Refusal("Insufficient space.", error.strerror or ""))

    async def _carry_out(self, request: web.Request, faults: frozenset[str]) -> web.Response:
        resource, token = request.match_info["resource"], request.headers.get("x-auth-token")
        version = SERVED.get(request.match_info["version"])
        if version is None:
            raise Refusal("This API version is not served.", request.match_info["version"], status=404)
        if (request.method, resource) == ("POST", "login"):
            return self._log_in(request.headers.get("api-token"))
        if "session-expired" in faults:
            self._sessions.drop(token)
        admin = self._sessions.account(token)
        if (request.method, resource) == ("POST", "logout"):
            self._sessions.drop(token)
            return web.Response()
        if "forbidden" in faults or not may(admin.role, request.method, resource):
            raise Refusal("Operation is not permitted.", status=403)
        route = find_route(request.method, resource, version)
        call = await read_call(request, route, faults)
        if is_reaping_due(self._array):
            await asyncio.to_thread(self._reap)
        if request.method == "GET":
            return _listed(page(route.handler(self._array, call) or [], call, route.fields))
        items = await asyncio.to_thread(self._change, route, call, resource)
        return web.Response() if items is None else web.json_response({"items": items})

    def _log_in(self, api_token: str | None) -> web.Response:
        token, admin = self._sessions.log_in(api_token)
        return web.json_response({"items": [{"username": admin.name}]}, headers={"x-auth-token": token})

    def _change(self, route: Route, call: Call, resource: str) -> list[Item] | None:
        with self._array.changing:
            items = route.handler(self._array, call)
            if resource in CHANGING:
                self._fabric.follow(self._array)
            return items

    def _reap(self) -> None:
        with self._array.changing:
            reap(self._array)


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except Refusal as refusal:
        raise ValueError(str(refusal)) from refusal


def _listed(envelope: Mapping[str, Any]) -> web.Response:
    token = envelope["continuation_token"]
    return web.json_response(envelope, headers={"x-next-token": token} if token else None)


def _refused(refusal: Refusal) -> web.Response:
    headers = {"Retry-After": "1"} if refusal.status == 429 else None
    return web.json_response(refusal.body(), status=refusal.status, headers=headers)


def _fault_refusal(fault: str) -> web.Response:
    status, message = FAULT_REFUSALS.get(fault, (500, "Internal server error."))
    return _refused(Refusal(message, status=status))


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(RATE_HEADERS)
    response.headers["X-Quiesce-Emulator"] = "1"
    response.headers["X-Request-ID"] = request.headers.get("X-Request-ID") or str(uuid4())
