"""Two kept-alive connections to one array, called lanes, and the rule which of them a request takes.

Ordinary requests take the idle lane that was proven longest ago, so that a clock reading every two seconds
keeps both proven. A cut takes the idle lane that was proven last, and only if that is fresh enough. It never
opens a connection: aiohttp's own tracing hooks stop it before the name is even resolved.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import aiohttp

LANES: Final = 2

# How long we keep an idle connection: well over the 15 s of a freeze. The array may close it earlier.
_KEEP_ALIVE_S: Final = 120.0


class NoWarmLane(Exception):
    """No idle connection was proven recently enough, or it turned out to be closed. Nothing was sent."""


class WouldRepeat(Exception):
    """The HTTP library was about to send the same request a second time by itself."""


@dataclass(slots=True)
class Attempt:
    """One request's way to the array.

    Attributes:
        may_connect: whether a connection may be opened for it.
        under_way: it was given a connection; from then on the array may have got it.
    """

    may_connect: bool = True
    under_way: bool = False


@dataclass(slots=True, eq=False)
class Lane:
    """One connection; `proven_at` is when it last brought a good answer, on the event loop's clock."""

    session: aiohttp.ClientSession
    proven_at: float = -math.inf
    idle: bool = True

    def prove(self) -> None:
        """Note that a good answer came over this lane just now."""
        self.proven_at = asyncio.get_running_loop().time()


class Lanes:
    """The lanes of one array. Made inside a running event loop; `close` ends them."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._lanes = tuple(Lane(_session(tls)) for _ in range(LANES))
        self._free = asyncio.Semaphore(LANES)

    @asynccontextmanager
    async def stalest(self) -> AsyncIterator[Lane]:
        """Wait for a lane to be idle and take the one that was proven longest ago."""
        async with self._free:
            with _taken(min(self._idle(), key=lambda lane: lane.proven_at)) as lane:
                yield lane

    @asynccontextmanager
    async def warm(self, warm_s: float) -> AsyncIterator[Lane]:
        """Take, without waiting, the idle lane that was proven last.

        Raises:
            NoWarmLane: none is idle, or its proof is older than `warm_s`.
        """
        if self._free.locked():
            raise NoWarmLane
        async with self._free:  # does not suspend: it was free just now
            freshest = max(self._idle(), key=lambda lane: lane.proven_at)
            if asyncio.get_running_loop().time() - freshest.proven_at > warm_s:
                raise NoWarmLane
            with _taken(freshest) as lane:
                yield lane

    async def close(self) -> None:
        """Drop the connections."""
        for lane in self._lanes:
            await lane.session.close()

    def _idle(self) -> Iterator[Lane]:
        return (lane for lane in self._lanes if lane.idle)


@contextmanager
def _taken(lane: Lane) -> Iterator[Lane]:
    lane.idle = False
    try:
        yield lane
    finally:
        lane.idle = True


def _session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=1, keepalive_timeout=_KEEP_ALIVE_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # time limits are the caller's
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "quiesce", "Accept": "application/json"},
        skip_auto_headers=("Content-Type",),  # a POST without a body has no content type
        trace_configs=[_one_connection_for_one_request()],
    )


def _one_connection_for_one_request() -> aiohttp.TraceConfig:
    """Return hooks that keep an `Attempt` and raise where a connection must not be opened.

    aiohttp repeats idempotent methods by itself when a kept connection turns out to be closed. To do so it
    has to open another one, which is where the second hook call stops it.
    """

    async def before_connecting(_session: object, context: SimpleNamespace, _params: object) -> None:
        attempt: Attempt = context.trace_request_ctx
        if attempt.under_way:
            raise WouldRepeat
        if not attempt.may_connect:
            raise NoWarmLane

    async def connected(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.under_way = True

    hooks = aiohttp.TraceConfig()
    hooks.on_connection_create_start.append(before_connecting)
    hooks.on_connection_create_end.append(connected)
    hooks.on_connection_reuseconn.append(connected)
    return hooks
