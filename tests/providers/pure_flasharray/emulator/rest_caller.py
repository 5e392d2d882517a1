"""A bare REST caller for the emulator's tests: it knows HTTP and nothing of our client."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from orchestrator.lab.arrays import ServedArray
from providers.shared.emulation.clock import ArrayClock

MIB: Final = 1 << 20


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any] | None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items of a request that was carried out."""
        assert self.status == 200, self
        assert self.body is not None
        found: list[dict[str, Any]] = self.body["items"]
        return found

    @property
    def names(self) -> list[str]:
        """The names of the items."""
        return [item["name"] for item in self.items]

    @property
    def refusal(self) -> str:
        """The message of a request that was refused."""
        assert self.status == 400, self
        assert self.body is not None
        return str(self.body["errors"][0]["message"])


class RestCaller:
    """One session of one account."""

    def __init__(self, session: aiohttp.ClientSession, api_token: str) -> None:
        self.session = session
        self.api_token = api_token
        self.headers: dict[str, str] = {}

    async def log_in(self) -> Answered:
        """Open a session."""
        answered = await self.call("POST", "login", headers={"api-token": self.api_token})
        if answered.status == 200:
            self.headers = {"x-auth-token": answered.headers["x-auth-token"]}
        return answered

    async def call(
        self,
        method: str,
        resource: str,
        body: Any = None,
        *,
        version: str = "2.26",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answered:
        """Send one request."""
        async with self.session.request(
            method,
            f"/api/{version}/{resource}",
            params=query,
            json=body,
            headers=self.headers if headers is None else headers,
        ) as response:
            text = await response.text()
            return Answered(response.status, response.headers, await response.json() if text else None)

    async def get(self, resource: str, **query: str) -> Answered:
        """GET."""
        return await self.call("GET", resource, query=query)

    async def post(self, resource: str, body: Any = None, **query: str) -> Answered:
        """POST."""
        return await self.call("POST", resource, body, query=query)

    async def patch(self, resource: str, body: Any = None, **query: str) -> Answered:
        """PATCH."""
        return await self.call("PATCH", resource, body, query=query)

    async def delete(self, resource: str, **query: str) -> Answered:
        """DELETE."""
        return await self.call("DELETE", resource, query=query)


@asynccontextmanager
async def logged_in(served: ServedArray, api_token: str | None = None) -> AsyncIterator[RestCaller]:
    """Log in at a served array, by default as the account that may do everything."""
    trust = ssl.create_default_context(cafile=served.ca_file)
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(served.url, connector=connector) as session:
        caller = RestCaller(session, api_token or served.emulator.credentials["api_token"])
        await caller.log_in()
        yield caller


class ManualClock(ArrayClock):
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s = 1_800_000_000.0

    def now_ms(self) -> int:
        """Return the time that was set."""
        return int(self.at_s * 1000)

    def monotonic_s(self) -> float:
        """Return the time that was set."""
        return self.at_s
