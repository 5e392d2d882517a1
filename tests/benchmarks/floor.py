"""The floor: bare concurrent POSTs on warm connections, knowing nothing of Quiesce. Run as a script.

First line on stdin: a JSON list of what `quiesce lab array --json` printed. Then one round per line "go";
each is answered by one line with the milliseconds from the first request sent to the last answer read.
"""

import asyncio
import json
import ssl
import sys
import time

import aiohttp

API = "/api/2.26"


class FloorArray:
    """One array: a session, a login, a protection group."""

    def __init__(self, announced: dict) -> None:  # type: ignore[type-arg] # plain JSON
        context = ssl.create_default_context(cafile=announced["ca_file"])
        self.base = announced["url"] + API
        self.token = announced["credentials"]["api_token"]
        self.volumes = ",".join(volume["name"] for volume in announced["volumes"])
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=1))
        self.headers: dict[str, str] = {}
        self.round = 0

    async def prepare(self) -> None:
        async with self.session.post(f"{self.base}/login", headers={"api-token": self.token}) as answer:
            answer.raise_for_status()
            self.headers = {"x-auth-token": answer.headers["x-auth-token"]}
        await self.send("POST", "protection-groups?names=floor")
        await self.send("POST", f"protection-groups/volumes?group_names=floor&member_names={self.volumes}")

    async def send(self, method: str, call: str, body: object = None) -> None:
        async with self.session.request(
            method, f"{self.base}/{call}", headers=self.headers, json=body
        ) as answer:
            await answer.read()
            answer.raise_for_status()

    async def cut(self) -> None:
        await self.send("POST", "protection-group-snapshots?source_names=floor", {"suffix": f"r{self.round}"})

    async def tidy(self) -> None:
        name = f"floor.r{self.round}"
        await self.send("PATCH", f"protection-group-snapshots?names={name}", {"destroyed": True})
        await self.send("DELETE", f"protection-group-snapshots?names={name}")
        self.round += 1


async def main() -> None:
    arrays = [FloorArray(each) for each in json.loads(sys.stdin.readline())]
    await asyncio.gather(*(array.prepare() for array in arrays))
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        await asyncio.gather(*(array.send("GET", "arrays") for array in arrays))  # warm
        begun = time.perf_counter()
        await asyncio.gather(*(array.cut() for array in arrays))
        print((time.perf_counter() - begun) * 1000, flush=True)
        await asyncio.gather(*(array.tidy() for array in arrays))
    for array in arrays:
        await array.session.close()


if __name__ == "__main__":
    asyncio.run(main())
