"""What every request passes through before the vendor's own handlers: log, latency, faults on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from orchestrator.plugin import Fault
from providers.shared.emulation.calls import Call, CallLog
from providers.shared.emulation.clock import ArrayClock
from providers.shared.emulation.faults import ON_THE_WAY, FaultPlan

# Carries a request out, told which faults inside are due, and answers it.
Execute = Callable[[frozenset[str]], Awaitable[web.Response]]


class Front:
    """One emulated array's front.

    Args:
        clock: stamps the log.
        latency_s: waited before a request is carried out.
        refusal: words the vendor's answer to a fault that refuses, by the fault's name.
    """

    def __init__(self, clock: ArrayClock, latency_s: float, refusal: Callable[[str], web.Response]) -> None:
        self.clock = clock
        self.latency_s = latency_s
        self.faults = FaultPlan()
        self.calls = CallLog()
        self._refusal = refusal
        self._late: set[asyncio.Task[web.Response]] = set()

    async def answer(self, request: web.Request, call: str, execute: Execute) -> web.Response:
        """Answer one request, well or badly. Faults are counted in the order of arrival."""
        entry = self.calls.arrived(call, self.clock.now_ms())
        due = self.faults.due(call)
        await request.read()  # now: a dropped connection cannot be read from any more
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        return await self._carry_out(request, entry, due, execute)

    async def _carry_out(
        self, request: web.Request, entry: Call, due: tuple[Fault, ...], execute: Execute
    ) -> web.Response:
        inside = frozenset(fault.name for fault in due)
        on_the_way = next((fault for fault in due if fault.name in ON_THE_WAY), None)
        if on_the_way is None:
            response = await execute(inside)
            entry.status = response.status
            return response
        match on_the_way.name:
            case "late-answer":
                response = await self._late_task(on_the_way.delay_s, execute, inside)
            case "lost-answer-late-effect":
                drop(request)
                return await self._late_task(on_the_way.delay_s, execute, inside)
            case "lost-answer-before-effect":
                return drop(request)
            case "lost-answer-after-effect":
                await execute(inside)
                return drop(request)
            case "error-after-effect" | "gateway-timeout-after-effect" as name:
                await execute(inside)
                response = self._refusal(name)
            case name:
                response = self._refusal(name)
        entry.status = response.status
        return response

    def _late_task(
        self, delay_s: float, execute: Execute, inside: frozenset[str]
    ) -> asyncio.Task[web.Response]:
        async def later() -> web.Response:
            await asyncio.sleep(delay_s)
            return await execute(inside)

        task = asyncio.create_task(later())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return task

    async def stop(self, _application: web.Application) -> None:
        """Give up what was to happen late (for aiohttp's `on_shutdown`)."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)


def drop(request: web.Request) -> web.Response:
    """Drop the connection without an answer. What is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
