"""The lab's own controls, served beside the array's API under /_lab/, for tests and demos in other processes.

Every request carries the key that the lab's announcement names, in `X-Lab-Key`. All bodies are JSON:

    POST   /_lab/faults     {"name", "call", "position", "delay_s"}   misbehave
    DELETE /_lab/faults                                               behave
    POST   /_lab/admin-cut  {"volume", "suffix"} -> {"name"}          cut as an admin's own script would
    GET    /_lab/replicas   -> {name: path of its bytes}              replicas and clones
    GET    /_lab/calls      -> {"counts", "calls"}                    what reached the array
    POST   /_lab/clock      {"skew_s"}                                set the array's clock
    POST   /_lab/latency    {"latency_s"}                             from now on
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from orchestrator.plugin import Fault
from providers.shared.emulation.front import Front


class LabControl:
    """The control surface of one emulated array.

    Args:
        front: whose faults, calls, clock and latency it controls.
        admin_cut: cuts one array volume; blocks.
        replicas: lists the paths of replicas and clones by name.
    """

    def __init__(
        self,
        front: Front,
        admin_cut: Callable[[str, str], str],
        replicas: Callable[[], Mapping[str, str]],
    ) -> None:
        self.key = secrets.token_urlsafe(16)
        self._front = front
        self._admin_cut = admin_cut
        self._replicas = replicas

    def add_routes(self, application: web.Application) -> None:
        """Serve the controls from this application."""
        for method, name, handler in (
            ("POST", "faults", self._inject),
            ("DELETE", "faults", self._behave),
            ("POST", "admin-cut", self._cut),
            ("GET", "replicas", self._list_replicas),
            ("GET", "calls", self._list_calls),
            ("POST", "clock", self._set_clock),
            ("POST", "latency", self._set_latency),
        ):
            application.router.add_route(method, f"/_lab/{name}", self._guarded(handler))

    def _guarded(self, handler: Callable[[Mapping[str, Any]], Any]) -> Callable[[web.Request], Any]:
        async def guarded(request: web.Request) -> web.Response:
            if not hmac.compare_digest(request.headers.get("X-Lab-Key", "").encode(), self.key.encode()):
                return web.json_response({"problem": "X-Lab-Key is missing or wrong"}, status=403)
            try:
                answer = await handler(await request.json() if request.can_read_body else {})
            except (ValueError, TypeError, LookupError) as error:
                return web.json_response({"problem": str(error)}, status=400)
            return web.json_response(answer)

        return guarded

    async def _inject(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._front.faults.add(Fault(**body))
        return {}

    async def _behave(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        self._front.faults.clear()
        return {}

    async def _cut(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"name": await asyncio.to_thread(self._admin_cut, body["volume"], body["suffix"])}

    async def _list_replicas(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._replicas())

    async def _list_calls(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        return self._front.calls.as_data()

    async def _set_clock(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._front.clock.skew_s = float(body["skew_s"])
        return {}

    async def _set_latency(self, body: Mapping[str, Any]) -> dict[str, Any]:
        latency_s = float(body["latency_s"])
        if latency_s < 0:
            raise ValueError("latency_s counts from 0")
        self._front.latency_s = latency_s
        return {}
