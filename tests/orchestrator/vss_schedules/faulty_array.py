"""An array that misbehaves at any call, and remembers when each cut really happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Final, TypeVar

from orchestrator.errors import ArrayAnswerLost, ArrayError, ArrayRejected
from orchestrator.model.arrays import ArmedCut, ArrayVolume, Clone, CutAnswer, CutMember, OwnedObject
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import ClockSample, CutToken
from tests.orchestrator.engine.fake_array import CommitFault, FakeArray
from tests.orchestrator.vss_schedules.life import while_alive

T = TypeVar("T")

LATE_S: Final = 8.0


class CallForm(StrEnum):
    """How a call other than the cut can go wrong."""

    ERROR_BEFORE = "error-before"
    ERROR_AFTER = "error-after"
    LOST_BEFORE = "lost-before"
    LOST_AFTER = "lost-after"
    LOST_LATE = "lost-late-effect"
    LATE = "late"


CALLS: Final = ("clock", "locate", "arm", "confirm", "abort", "owned", "delete", "clone")
ALREADY_EXISTS: Final = "array-commit:already-exists"  # the request was repeated on its way: the cut is there

ARRAY_FAULTS: Final = (
    *(f"array-{call}:{form}" for call, form in product(CALLS, CallForm)),
    *(f"array-commit:{fault}" for fault in CommitFault if fault is not CommitFault.NONE),
    ALREADY_EXISTS,
)


@dataclass(frozen=True, slots=True)
class CutMade:
    """A cut as it happened, in virtual time."""

    array: str
    name: str
    at: float
    members: frozenset[str]


@dataclass(slots=True)
class Planned:
    """A fault that strikes once, at the position-th such call."""

    name: str
    position: int = 1
    late_s: float = LATE_S


@dataclass(slots=True)
class ArrayRecord:
    """What really happened on an array, and when each cut was answered."""

    cuts: list[CutMade] = field(default_factory=list)
    answered: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)


class FaultyArray(FakeArray):
    """A fake array with faults at every call, each struck once."""

    planned: list[Planned]
    record: ArrayRecord

    @classmethod
    def named(cls, name: str) -> FaultyArray:
        array = super().named(name)
        assert isinstance(array, cls)
        array.planned, array.record = [], ArrayRecord()
        return array

    def heal(self) -> None:
        """Do everything as told from now on."""
        self.planned.clear()
        self.behaviour.refuses_to_delete = False

    async def clock(self) -> ClockSample:
        return await self._suffering("clock", super().clock)

    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        return await self._suffering("locate", lambda: super(FaultyArray, self).locate(lun_ids))

    async def arm(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> ArmedCut:
        return await self._suffering("arm", lambda: super(FaultyArray, self).arm(volumes, names))

    async def confirm(self, armed: ArmedCut, answer: CutAnswer) -> Sequence[CutMember]:
        return await self._suffering("confirm", lambda: super(FaultyArray, self).confirm(armed, answer))

    async def abort(self, armed: ArmedCut) -> None:
        return await self._suffering("abort", lambda: super(FaultyArray, self).abort(armed))

    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        return await self._suffering("owned", lambda: super(FaultyArray, self).owned(prefix))

    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        return await self._suffering("delete", lambda: super(FaultyArray, self).delete(objects))

    async def clone(self, members: Sequence[CutMember], names: ObjectNames) -> Sequence[Clone]:
        return await self._suffering("clone", lambda: super(FaultyArray, self).clone(members, names))

    async def commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        return await while_alive(lambda: self._commit(armed, token))

    async def _commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        self.record.asked.append(armed.names.stem)
        self.behaviour.commit = CommitFault.NONE
        fault = self._strikes("commit")
        if fault is not None and fault.name != ALREADY_EXISTS:
            self.behaviour.commit = CommitFault(fault.name.removeprefix("array-commit:"))
            self.behaviour.late_s = fault.late_s
        answer = await super().commit(armed, token)
        if fault is not None and fault.name == ALREADY_EXISTS:
            raise ArrayRejected("exists already", subject=self.name, code="array.name-taken")
        self.record.answered[armed.names.stem] = self.clocks.now()
        return answer

    def _cut(self, armed: ArmedCut) -> None:
        super()._cut(armed)
        name = f"{armed.names.stem}.cut"
        members = frozenset(member.source_volume_id for member in self.store.cuts[name])
        self.record.cuts.append(CutMade(self.name, armed.names.stem, self.clocks.now(), members))

    def _strikes(self, call: str) -> Planned | None:
        for planned in self.planned:
            if planned.name.startswith(f"array-{call}:"):
                planned.position -= 1
                if planned.position == 0:
                    self.record.struck.append(planned.name)
                    return planned
        return None

    async def _suffering(self, call: str, work: Callable[[], Awaitable[T]]) -> T:
        return await while_alive(lambda: self._with_faults(call, work))

    async def _with_faults(self, call: str, work: Callable[[], Awaitable[T]]) -> T:
        fault = self._strikes(call)
        form = None if fault is None else CallForm(fault.name.removeprefix(f"array-{call}:"))
        match form:
            case CallForm.ERROR_BEFORE:
                raise ArrayError("array.unreachable", f"{call} failed", subject=self.name)
            case CallForm.LOST_BEFORE:
                raise ArrayAnswerLost(f"{call}: no answer", subject=self.name)
            case CallForm.LOST_LATE:
                self._later.add(asyncio.create_task(_some_time_after(LATE_S, work)))
                raise ArrayAnswerLost(f"{call}: no answer yet", subject=self.name)
            case CallForm.LATE:
                await asyncio.sleep(LATE_S)
            case _:
                pass
        result = await work()
        if form is CallForm.ERROR_AFTER:
            raise ArrayError("array.unreachable", f"{call} failed afterwards", subject=self.name)
        if form is CallForm.LOST_AFTER:
            raise ArrayAnswerLost(f"{call}: the answer was lost", subject=self.name)
        return result


async def _some_time_after(delay_s: float, work: Callable[[], Awaitable[object]]) -> None:
    await asyncio.sleep(delay_s)
    with suppress(ArrayError):  # there is nobody to be told
        await work()
