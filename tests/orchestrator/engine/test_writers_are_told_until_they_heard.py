"""What is known of the writers' answer, whatever is lost on the way to them (R6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from orchestrator.engine.telling import Telling
from orchestrator.engine.told import Told, remarks_of
from orchestrator.errors import HostError
from orchestrator.evidence import Reply
from orchestrator.model.hosts import CompletionReport, LogRange, LogTruncation
from tests.orchestrator.engine.fake_host import FakeHost, FakeSet
from tests.virtual_time import VirtualClock

pytestmark = pytest.mark.virtual_time

LOGS = (LogTruncation(LogRange("DB01", 1, 90), LogRange("DB01", 88, 90)),)
GONE, UNREACHABLE, LOST, REFUSED = "host.gone", "host.unreachable", "host.session-lost", "host.writer-failed"
HANGS, GOOD = "hangs", "good"


@dataclass
class Script:
    """What happens at each step, one after the other: an error's code, HANGS or GOOD."""

    steps: list[str]
    taken: list[str] = field(default_factory=list)

    async def step(self, name: str) -> None:
        self.taken.append(name)
        event = self.steps.pop(0)
        if event == HANGS:
            await asyncio.sleep(10_000)
        if event != GOOD:
            raise HostError(event, "scripted", subject=name)


class ScriptedHost(FakeHost):
    script: Script

    async def resume(self, set_id: str, fence: int) -> ScriptedSet:
        assert (set_id, fence) == ("set", 7)
        await self.script.step("resume")
        return ScriptedSet(self)


class ScriptedSet(FakeSet):
    host: ScriptedHost

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        await self.host.script.step("complete")
        return CompletionReport(logs=LOGS)


async def told(
    steps: Sequence[str], *, resumed: bool = False, asked_before: bool = False
) -> tuple[Told, list[str]]:
    host = ScriptedHost.on(())
    host.script = Script(list(steps))
    telling = Telling(
        host, "set", 7, VirtualClock(), frozenset(), None if resumed else ScriptedSet(host), asked_before
    )
    return await telling.tell(succeeded=True), host.script.taken


async def test_an_answer_is_an_answer() -> None:
    answer, taken = await told([GOOD])
    assert (answer.reply, answer.cause, answer.report.logs) == (Reply.ANSWERED, "", LOGS)
    assert taken == ["complete"]


@pytest.mark.parametrize("code", [GONE, UNREACHABLE])
async def test_a_lost_answer_is_asked_for_again_in_the_same_session(code: str) -> None:
    answer, taken = await told([code, UNREACHABLE, GOOD, GOOD])
    assert answer.reply is Reply.ANSWERED
    assert taken == ["complete", "resume", "resume", "complete"]


@pytest.mark.parametrize(
    ("steps", "resumed", "asked_before", "reply"),
    [
        ([LOST], False, False, Reply.NOT_TOLD),
        ([LOST], True, False, Reply.NOT_TOLD),
        ([LOST], True, True, Reply.UNKNOWN),
        ([GONE, LOST], False, False, Reply.UNKNOWN),
        ([GONE, GOOD, LOST], False, False, Reply.UNKNOWN),
        ([UNREACHABLE, LOST], True, False, Reply.NOT_TOLD),
        ([REFUSED], False, False, Reply.FAILED),
        ([HANGS], False, False, Reply.UNKNOWN),
        ([GONE, HANGS], False, False, Reply.UNKNOWN),
        ([UNREACHABLE] * 99, True, False, Reply.UNKNOWN),
    ],
)
async def test_what_is_not_known_is_not_claimed(
    steps: list[str], resumed: bool, asked_before: bool, reply: Reply
) -> None:
    begun = asyncio.get_running_loop().time()
    answer, _ = await told(steps, resumed=resumed, asked_before=asked_before)
    assert answer.reply is reply
    assert answer.cause
    assert remarks_of(answer) != []
    assert asyncio.get_running_loop().time() - begun <= 60.001


def test_failure_that_was_heard_says_that_logs_are_kept() -> None:
    assert "keep their logs" in remarks_of(Told(succeeded=False, reply=Reply.ANSWERED))[0]
    assert remarks_of(Told(succeeded=True, reply=Reply.ANSWERED)) == []
