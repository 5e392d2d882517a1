"""The orchestrator's side of a watchdog: it asks, and takes over from one that no longer answers."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from orchestrator.errors import HostError
from orchestrator.hosts.watchdog.connection import Connection, WatchdogLost
from orchestrator.hosts.watchdog.hold import HoldFailed, HoldSpec
from orchestrator.hosts.watchdog.lease import Lease, LeaseClaim, lease_of
from orchestrator.hosts.watchdog.loading import make_hold, spec_to_json
from orchestrator.hosts.watchdog.protocol import Op, freeze_report, reading, release_report
from orchestrator.hosts.watchdog.spawning import spawn
from orchestrator.hosts.watchdog.takeover import host_error, take_over
from orchestrator.hosts.watchdog.threads import begin, finished
from orchestrator.model.hosts import FreezeReport, HoldEnd, ReleaseReport
from orchestrator.model.time import Reading

START_S: Final = 10.0
END_S: Final = 2.0
ANSWER_S: Final = 12.0  # a hold waits for its host in vain for less; one that stands still, for ever


class Watchdog:
    """One watchdog process and the hold that it keeps, for one set. Made by `start`; `end` it always.

    Every method may be cancelled at any time; call `thaw` after a `freeze` that was, or that failed.
    """

    def __init__(self, spec: HoldSpec, claim: LeaseClaim) -> None:
        self._spec = spec
        self._claim = claim
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._own_end: socket.socket | None = None
        self._lease: Lease | None = None
        self._freeze_asked: Reading | None = None
        self._frozen: FreezeReport | None = None
        self._hangs = False
        self._taking_over: asyncio.Future[int | None] | None = None
        self._release: ReleaseReport | None = None
        self._leaving: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, spec: HoldSpec, claim: LeaseClaim) -> Watchdog:
        """Claim the host, start a process for the hold and write its lease. Freezes and prepares nothing.

        Raises:
            HostError: `host.busy`, another set has claimed the same subject; `host.watchdog-lost`, the
                process did not come up; or what the making of the hold raised. Nothing is left behind.
        """
        watchdog = cls(spec, claim)
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + START_S):
                await finished(watchdog._spawn)
                await watchdog._let_make()
        except BaseException as error:
            await watchdog.end()
            if isinstance(error, TimeoutError):
                raise watchdog._lost(f"it was not up within {START_S:g} s") from None
            raise
        return watchdog

    async def prepare(self) -> None:
        """Let the hold open and check everything that a freeze needs.

        Raises:
            HostError: with the code of the `HoldFailed`; `host.watchdog-lost`.
        """
        await self._ask(Op.PREPARE)

    async def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass a question on to `Hold.ask`. Only before a freeze and after its thaw.

        Raises:
            HostError: with the code of the `HoldFailed`; `host.rejected` inside a freeze;
                `host.watchdog-lost`, it is dead or says nothing.
        """
        if self._hangs:
            raise self._lost("it has not answered before")
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + ANSWER_S):
                return await self._ask(Op.ASK, **request)
        except TimeoutError:
            self._hangs = True
            raise self._lost(f"it has not answered within {ANSWER_S:g} s") from None

    async def freeze(self, dead_man_s: float, hold_s: float) -> FreezeReport:
        """Freeze. The process thaws by itself when either limit has passed.

        Args:
            dead_man_s: from this call on; armed before anything is frozen.
            hold_s: from when everything is held.

        Raises:
            HostError: with the code of the `HoldFailed`, `host.freeze-failed`, `host.watchdog-lost`. The
                process thaws by itself what was frozen by then; call `thaw` to be sure.
        """
        if self._leaving is not None:
            raise self._lost("it has been ended")
        self._freeze_asked = reading()
        deadline_at = self._freeze_asked.monotonic_s + dead_man_s
        self._frozen = freeze_report(await self._ask(Op.FREEZE, deadline_at=deadline_at, hold_s=hold_s))
        return self._frozen

    async def thaw(self) -> ReleaseReport:
        """Thaw, prove it, and say how the hold ended. Idempotent; safe when nothing was ever frozen.

        A first call asks the process. If that is dead, or an earlier call was cancelled while it had not
        answered, it is killed and the thaw is done here; the report then says `HoldEnd.ABORT`.

        Raises:
            HostError: `host.still-frozen`, or what kept the hold from being reached; call again.
        """
        return await self._thaw(Op.THAW)

    async def end(self) -> None:
        """Thaw if need be, end the process and remove the lease. Idempotent.

        Raises:
            HostError: `host.still-frozen`; the process, if it lives, goes on trying by itself, and the lease
                stays for recovery. Call again.
        """
        if self._freeze_asked is not None:
            await self._thaw(Op.END)
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave())
        await asyncio.shield(self._leaving)

    async def _thaw(self, op: Op) -> ReleaseReport:
        if self._release is None:
            self._release = await self._thawed_by_it(op) or await self._thawed_by_us()
        return self._release

    async def _thawed_by_it(self, op: Op) -> ReleaseReport | None:
        """Return the process's report, None if there will never be one."""
        if self._hangs or self._connection is None:
            return None
        try:
            return release_report(await self._connection.ask(op))
        except asyncio.CancelledError:
            self._hangs = True  # stopped, or stuck: whoever is asked again is not this process
            raise
        except HoldFailed as failure:
            raise host_error(failure) from None
        except WatchdogLost:
            return None

    async def _thawed_by_us(self) -> ReleaseReport:
        if self._taking_over is None or _failed(self._taking_over):
            self._taking_over = begin(self._take_over)
        thawed = await asyncio.shield(self._taking_over)  # it goes on when a rung of the ladder gives way
        return self._aborted(thawed, reading())

    def _take_over(self) -> int | None:
        if self._freeze_asked is None or self._lease is None:
            self._kill()
            return 0
        thawed = take_over(self._lease)
        self._lease.remove()
        return thawed

    def _aborted(self, thawed: int | None, now: Reading) -> ReleaseReport:
        """Say what is known of a hold whose keeper is gone: when it ended is not, so at the latest now."""
        hold_s = 0.0 if self._frozen is None else self._frozen.held_at.elapsed_s(now)
        frozen_s = 0.0 if self._freeze_asked is None else self._freeze_asked.elapsed_s(now)
        cause = HoldEnd.NEVER_HELD if self._freeze_asked is None else HoldEnd.ABORT
        return ReleaseReport(cause, hold_s, frozen_s, 0, now, now, thawed)

    async def _ask(self, op: Op, **arguments: Any) -> Mapping[str, Any]:
        if self._connection is None:
            raise self._lost("it has ended")
        try:
            return await self._connection.ask(op, **arguments)
        except HoldFailed as failure:
            raise host_error(failure) from None
        except WatchdogLost:
            raise self._lost("it has ended") from None

    def _spawn(self) -> None:
        """Start the process and claim the host for it. Whoever takes over later has nothing to import."""
        try:
            make_hold(self._spec).close()
        except HoldFailed as failure:
            raise host_error(failure) from None
        self._process, self._own_end = spawn()
        try:
            self._lease = lease_of(self._claim, self._spec, self._process.pid)
        except ProcessLookupError:
            raise self._lost("it ended at once") from None
        self._lease.write()

    async def _let_make(self) -> None:
        if self._own_end is not None:
            self._connection, self._own_end = await Connection.open(self._own_end), None
        await self._ask(Op.MAKE, hold=spec_to_json(self._spec), lease=str(self._claim.path))

    async def _leave(self) -> None:
        """End a process that holds nothing, and take its lease away. It needs no telling: we hang up."""
        try:
            if self._own_end is not None:
                self._own_end.close()
            if self._connection is not None:
                await self._connection.close()
        finally:
            await finished(self._bury)

    def _bury(self) -> None:
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)
            self._kill()
        if self._lease is not None:
            self._lease.remove()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # inside a long flush; nothing of it is frozen
                self._process.wait(END_S)

    def _lost(self, what: str) -> HostError:
        return HostError("host.watchdog-lost", what, subject=self._claim.subject)


def _failed(work: asyncio.Future[Any]) -> bool:
    return work.done() and (work.cancelled() or work.exception() is not None)
