"""How the orchestrator asks an agent, outside a freeze: by the watchdog that owns the socket, or directly."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.errors import HostError
from orchestrator.hosts.qemu_guest_agent.hold import TIME, AgentHold
from orchestrator.hosts.watchdog.hold import HoldFailed

ANSWER_S: Final = 5.0  # an agent that serves somebody else says nothing at all
PROGRAM_LIMIT_S: Final = 60.0  # `vssadmin list writers` takes seconds on a busy server
POLL_S: Final = 0.1
FROZEN: Final = "frozen state"  # in the agent's own words, where it says why a command is not there now

Way = Callable[[Mapping[str, Any]], Coroutine[Any, Any, Mapping[str, Any]]]
"""Carries one request of `AgentHold.ask` to the agent and brings its answer back."""


@dataclass(frozen=True, slots=True)
class GuestTime:
    """The guest's wall clock, and between which instants of our monotonic clock it was read."""

    guest_s: float
    asked_s: float
    answered_s: float

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> GuestTime:
        """Read one answer of `AgentHold.ask` to `guest-get-time`.

        Raises:
            ValueError: it is none.
        """
        match answer:
            case {"return": int(nanoseconds), "asked_s": float(asked_s), "answered_s": float(answered_s)}:
                return cls(nanoseconds / 1e9, asked_s, answered_s)
            case _:
                raise ValueError("the agent did not tell the time")

    def apart_s(self, later: GuestTime) -> float:
        """Return how much longer or shorter the guest says it was until then than we do, at the least."""
        guest_s = later.guest_s - self.guest_s
        shortest_s, longest_s = later.asked_s - self.answered_s, later.answered_s - self.asked_s
        return max(guest_s - longest_s, shortest_s - guest_s, 0.0)


async def ask_directly(path: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask on a connection of our own, for as long as no watchdog has the socket.

    Raises:
        HostError: nobody answered.
    """
    return await asyncio.to_thread(_ask, path, request)


def _ask(path: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    hold = AgentHold(path, (), call_s=ANSWER_S)
    try:
        return hold.ask(request)
    except HoldFailed as failure:
        raise HostError(failure.code, failure.what, subject=failure.subject) from None
    finally:
        hold.close()


@dataclass(frozen=True, slots=True)
class Questions:
    """One guest's agent, to be asked.

    Attributes:
        way: how a request gets there.
        subject: what the guest is called.
    """

    way: Way
    subject: str

    async def ask(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Ask one thing, and return what the agent returned.

        Raises:
            HostError: `host.rejected`, the agent's own refusal; or it did not answer.
        """
        (answer,) = await self._answers([(command, arguments)])
        if "return" not in answer:
            what = str(answer["error"]["desc"])
            frozen = answer["error"]["class"] == "CommandNotFound" and FROZEN in what
            code = "host.already-frozen" if frozen else "host.rejected"
            raise HostError(code, f"{command}: {what}", subject=self.subject)
        return answer["return"]

    async def enabled(self) -> frozenset[str]:
        """Return the names of the commands that the agent executes."""
        info = await self.ask("guest-info")
        return frozenset(each["name"] for each in info["supported_commands"] if each["enabled"])

    async def guest_time(self) -> GuestTime:
        """Read the guest's clock.

        Raises:
            HostError: it does not tell.
        """
        (answer,) = await self._answers([(TIME, None)])
        return self._read(answer)

    async def time_before(self) -> GuestTime:
        """Return what the guest's clock said right before the freeze."""
        reply = await self.way({"commands": []})
        return self._read(reply["time_before"] or {})

    async def output(self, program: str, *arguments: str) -> str:
        """Run a program in the guest and return what it printed.

        Raises:
            HostError: it failed, or took too long.
        """
        started = await self.ask(
            "guest-exec", {"path": program, "arg": list(arguments), "capture-output": True}
        )
        deadline = time.monotonic() + PROGRAM_LIMIT_S
        while not (status := await self.ask("guest-exec-status", {"pid": started["pid"]}))["exited"]:
            if time.monotonic() > deadline:
                raise HostError("host.rejected", f"{program} does not end", subject=self.subject)
            await asyncio.sleep(POLL_S)
        if status.get("exitcode") != 0 or status.get("out-truncated"):
            text = _text(status.get("err-data", "")).strip() or f"it ended with {status.get('exitcode')}"
            raise HostError("host.rejected", f"{program}: {text}", subject=self.subject)
        return _text(status.get("out-data", ""))

    async def _answers(
        self, commands: Sequence[tuple[str, Mapping[str, Any] | None]]
    ) -> Sequence[Mapping[str, Any]]:
        asked = [{"execute": name, "arguments": arguments} for name, arguments in commands]
        answers: Sequence[Mapping[str, Any]] = (await self.way({"commands": asked}))["answers"]
        return answers

    def _read(self, answer: Mapping[str, Any]) -> GuestTime:
        try:
            return GuestTime.of(answer)
        except ValueError as error:
            raise HostError("host.rejected", str(error), subject=self.subject) from None


def _text(data: str) -> str:
    """Decode what a program printed. What we look for in it is ASCII in every code page of Windows."""
    try:
        return base64.b64decode(data, validate=True).decode("ascii", errors="replace")
    except binascii.Error:
        return ""
