"""The writers are told how the backup ended, as often as it takes to know that they heard it (R6)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.clock import Clock
from orchestrator.engine.host_answer import ANSWER_S, answer_of_host
from orchestrator.engine.told import Told
from orchestrator.errors import HostError
from orchestrator.evidence import Reply
from orchestrator.model.hosts import CompletionReport
from orchestrator.plugin import HostCoordinator, HostSet

# Nothing is frozen, so there is time: an agent is back soon after its network is.
AGAIN_S: Final = 5.0

# What says that a request, or its answer, was lost on the way. Any other error is the host's own word.
LOST: Final = frozenset({"host.gone", "host.unreachable"})


@dataclass(slots=True)
class Telling:
    """One end of a backup, told to one set's session.

    Attributes:
        writers: ids of the instances that are concerned.
        host_set: the session, if this process has it; else it is taken up again first.
        asked_before: whether the writers may have been told by somebody before us.
    """

    coordinator: HostCoordinator
    set_id: str
    fence: int
    clock: Clock
    writers: frozenset[str]
    host_set: HostSet | None = None
    asked_before: bool = False

    async def tell(self, *, succeeded: bool) -> Told:
        """Tell the writers. An answer that is lost is asked for again, in the same session; for a minute."""
        until = self.clock.now() + ANSWER_S
        cause = ""
        while True:
            try:
                async with asyncio.timeout_at(until):
                    report = await self._complete(succeeded=succeeded)
                return self._heard(report, succeeded=succeeded)
            except TimeoutError:
                return Told(succeeded, Reply.UNKNOWN, cause or f"no answer within {ANSWER_S:g} s")
            except HostError as error:
                if error.code == "host.session-lost":
                    reply = Reply.UNKNOWN if self.asked_before else Reply.NOT_TOLD
                    return Told(succeeded, reply, cause or str(error))
                if error.code not in LOST:
                    return Told(succeeded, Reply.FAILED, str(error))
                cause = cause or str(error)
            if self.clock.now() + AGAIN_S >= until:
                return Told(succeeded, Reply.UNKNOWN, cause)
            self.host_set = None
            await asyncio.sleep(AGAIN_S)

    def _heard(self, report: CompletionReport, *, succeeded: bool) -> Told:
        failed = [each for each in report.writers if each.failure and each.instance_id in self.writers]
        if not failed:
            return Told(succeeded, Reply.ANSWERED, report=report)
        cause = "; ".join(f"{each.state.name} ({each.failure:#010x})" for each in failed)
        return Told(succeeded, Reply.FAILED, cause, report)

    async def _complete(self, *, succeeded: bool) -> CompletionReport:
        if self.host_set is None:
            self.host_set = await self.coordinator.resume(self.set_id, self.fence)
        asked_before, self.asked_before = self.asked_before, True
        try:
            return await self.host_set.complete(succeeded=succeeded)
        except HostError as error:
            if error.code == "host.session-lost":  # this request, at least, told nobody
                self.asked_before = asked_before
            raise


def telling_of(attempt: Attempt) -> Telling:
    """Return how to reach the writers of an attempt."""
    coordinator = attempt.plan.host.coordinator
    writers = frozenset(each.instance_id for each in attempt.plan.writers)
    return Telling(
        coordinator, attempt.set_id, attempt.fence, attempt.clock, writers, host_set=attempt.host_set
    )


async def end_session(attempt: Attempt) -> None:
    """End the host's session where no writer waits to be told; what gets lost ends by itself."""
    with suppress(HostError):
        await answer_of_host(attempt.open_set.complete(succeeded=True), attempt)
