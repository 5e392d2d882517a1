"""The coordinator of a virtual machine that is frozen through its QEMU guest agent."""

from __future__ import annotations

import asyncio
import hashlib
import os
import posixpath
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.qemu_guest_agent import windows
from orchestrator.hosts.qemu_guest_agent.examination import examination
from orchestrator.hosts.qemu_guest_agent.guest_set import GuestSet
from orchestrator.hosts.qemu_guest_agent.identity import identity_of, is_windows, runs_here
from orchestrator.hosts.qemu_guest_agent.mapping import components, host_volumes, volume_under
from orchestrator.hosts.qemu_guest_agent.questions import Questions, ask_directly
from orchestrator.hosts.qemu_guest_agent.remembered import RememberedGuest
from orchestrator.hosts.qemu_guest_agent.settings import GuestAgentSettings
from orchestrator.hosts.watchdog.held_set import HeldSet, open_held_set, recover_held_set
from orchestrator.hosts.watchdog.hold import HoldSpec
from orchestrator.hosts.watchdog.open_sets import open_set_check
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import HostCheck, HostIdentity, HostVolume, Survey
from orchestrator.model.time import Reading
from orchestrator.plugin import HostCoordinator, HostSet, ProviderContext, SetPlan

KIND: Final = "qemu-guest-agent"
HOLD: Final = "orchestrator.hosts.qemu_guest_agent.hold:AgentHold"
MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError)


class GuestAgentCoordinator(HostCoordinator):
    """One guest, by the unix socket of its agent.

    The agent serves one client at a time. While a set is open its watchdog is that client, and carries our
    questions; at other times each question has a connection of its own.
    """

    kind: ClassVar = KIND
    settings_model: ClassVar = GuestAgentSettings
    needs_secret: ClassVar = False
    ceiling = Grade.AGENT_QUIESCED

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        assert isinstance(settings, GuestAgentSettings)  # noqa: S101 - the registry made it by our model
        self._settings = settings
        self._name = context.name
        self._path = _socket_path(context)
        self._one_at_a_time = asyncio.Lock()
        self._set: GuestSet | None = None
        self._questions = Questions(self._carry, context.name)
        self._remembered = RememberedGuest(self._settings.runtime_folder / f"{_subject(self._path)}.identity")
        self._windows = False

    async def connect(self) -> None:
        """Ask who is there; a guest without VSS reaches less.

        A guest with an open set need not answer: it is frozen, or its watchdog has the agent to itself.
        """
        try:
            self._windows = is_windows(await self._questions.ask("guest-get-osinfo"))
        except HostError:
            if await self._remembered.read() is None:
                raise
        self.ceiling = Grade.AGENT_QUIESCED if self._windows else Grade.FILE_SYSTEM_CONSISTENT

    async def close(self) -> None:
        """Nothing is open between two questions; an open set stays with its watchdog."""

    async def identify(self) -> HostIdentity:
        """Tell which guest this is."""
        try:
            return await identity_of(self._questions)
        except MALFORMED:
            raise self._malformed() from None
        except HostError:
            if (identity := await self._remembered.read()) is None:
                raise
            return identity

    async def survey(self) -> Survey:
        """Read file systems and disks.

        The clock is this machine's, not the guest's: the watchdog's is the one that a window is told by.
        """
        volumes = await self._host_volumes()
        clock = Reading(datetime.now(UTC), time.monotonic())
        return Survey(writers=(), components=components(volumes), host_volumes=volumes, clock=clock)

    async def volumes_under(self, paths: Sequence[Path]) -> Mapping[Path, Sequence[str]]:
        """Return the host volumes under paths of this machine, if the guest is this machine."""
        if self._windows or not await runs_here(self._questions):
            return {}
        volumes = await self._host_volumes()
        real = {path: await asyncio.to_thread(os.path.realpath, path) for path in paths}
        found = {path: volume_under(real[path], volumes) for path in paths}
        return {path: (volume.name,) for path, volume in found.items() if volume is not None}

    async def examine(self) -> Sequence[HostCheck]:
        """Ask the agent for what it can do, and a Windows guest for its backup type and its writers."""
        folder, subject = self._settings.runtime_folder, _subject(self._path)
        checks = [await asyncio.to_thread(open_set_check, folder, subject)]
        try:
            return [*checks, *[each async for each in examination(self._questions, is_windows=self._windows)]]
        except MALFORMED:
            raise self._malformed() from None

    async def open(self, plan: SetPlan) -> HostSet:
        """Check the guest, and start the watchdog that will hold it."""
        mount_points = await self._mount_points(plan.host_volumes)
        if self._windows:
            await windows.demand_copy_backups(self._questions)
            await windows.demand_stable_writers(self._questions)
        arguments = {
            "path": self._path,
            "mount_points": mount_points,
            "freeze_s": plan.budgets.freeze_s,
            # Below a rung of the engine's ladder: a watchdog that is still waiting by then is killed.
            "thaw_s": 0.8 * plan.budgets.thaw_s,
            "flushes": not self._windows,
        }
        await self._remembered.write(await self.identify())
        held = await self._held(plan, HoldSpec(HOLD, arguments))
        self._set = GuestSet(
            held,
            self._questions,
            plan.budgets.clock_disagreement_s,
            ended=self._set_ended,
            windows=self._windows,
        )
        return self._set

    async def recover(self, set_id: str, fence: int) -> None:
        """Thaw what a dead process left behind."""
        await recover_held_set(self._settings.runtime_folder, set_id, fence)
        await self._set_ended()

    async def _held(self, plan: SetPlan, spec: HoldSpec) -> HeldSet:
        try:
            return await open_held_set(plan, spec, self._settings.runtime_folder, _subject(self._path))
        except HostError as error:
            if error.code != "host.busy":  # that other set still needs it
                await self._remembered.forget()
            raise

    async def _set_ended(self) -> None:
        self._set = None
        await self._remembered.forget()

    async def _carry(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        async with self._one_at_a_time:
            if self._set is not None:
                return await self._set.held.watchdog.ask(request)
            return await ask_directly(self._path, request)

    async def _host_volumes(self) -> tuple[HostVolume, ...]:
        answer = await self._questions.ask("guest-get-fsinfo")
        try:
            return host_volumes(answer, self._settings.declared)
        except MALFORMED:
            raise self._malformed() from None

    async def _mount_points(self, names: Sequence[str]) -> list[str]:
        """Return one mount point of each: the agent freezes by those, and counts a second one as none."""
        there = {volume.name: volume.mount_points[0] for volume in await self._host_volumes()}
        if missing := sorted(set(names) - there.keys()):
            raise HostError("host.rejected", f"no longer mounted: {', '.join(missing)}", subject=self._name)
        return [there[name] for name in names]

    def _malformed(self) -> HostError:
        return HostError("host.rejected", "the agent's answer is not of the known form", subject=self._name)


def _socket_path(context: ProviderContext) -> str:
    address = urlsplit(context.url)
    if address.scheme != "unix":
        text = (
            f"the agent of a guest is reached by unix:///path/to/socket only, not {context.url}: a guest has "
            "no timer of its own, and nobody would thaw one that a network had cut off"
        )
        raise BadInput("input.bad-settings", text, subject=context.name)
    path = unquote(address.path)
    if address.netloc or not Path(path).is_absolute() or address.query or address.fragment:
        text = f"the url has the form unix:///path/to/socket, not {context.url}"
        raise BadInput("input.bad-settings", text, subject=context.name)
    return path


def _subject(path: str) -> str:
    """Return what only one set at a time may hold."""
    return f"guest-{hashlib.sha256(posixpath.normpath(path).encode()).hexdigest()[:16]}"
