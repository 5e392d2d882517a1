"""An array in memory that misbehaves as told, for tests of the engine on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel

from orchestrator.errors import ArrayAnswerLost, ArrayBusy, ArrayError, ArrayRejected
from orchestrator.model.arrays import (
    ArmedCut,
    ArrayIdentity,
    ArrayVolume,
    Capabilities,
    Clone,
    CutAnswer,
    CutMember,
    ObjectKind,
    ObjectState,
    OwnedObject,
)
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import ClockSample, Cloner, CutToken, Provider, ProviderContext, Secret
from tests.virtual_time import VirtualClock

REQUEST_LIFE_S = 20.0

# Somebody else's, another run's of ours, and another attempt's whose name starts like the first one's.
FOREIGN = frozenset({"nightly", "qsc-abc123-foreign", "qsc-abc123-run0000001-10"})


class CommitFault(StrEnum):
    """How the one request of the window can go wrong."""

    NONE = "none"
    REJECTED = "rejected"
    BUSY = "busy"
    LOST_BEFORE = "lost-before-effect"
    LOST_AFTER = "lost-after-effect"
    LATE = "late-answer"
    LOST_LATE_EFFECT = "lost-late-effect"
    HANGS = "hangs"
    PARTIAL = "partial"
    RAISES = "raises-anything"


class NoSettings(BaseModel):
    """A fake needs none."""


@dataclass(slots=True)
class Behaviour:
    """What an array does.

    Attributes:
        latency_s: of every call.
        late_s: what late answers and late effects take.
        failing: methods that raise.
        refuses_to_delete: what it deletes stays void.
        skew_s: of its clock.
        arming_lost_for_s: the answer to `arm` is lost, and its effect comes so much later.
    """

    commit: CommitFault = CommitFault.NONE
    latency_s: float = 0.01
    late_s: float = 8.0
    failing: frozenset[str] = frozenset()
    refuses_to_delete: bool = False
    skew_s: float = 0.0
    arming_lost_for_s: float = 0.0


@dataclass(slots=True)
class Store:
    """What lies on the array, by name: groups, cuts, clones; and every call made."""

    groups: dict[str, tuple[ArrayVolume, ...]] = field(default_factory=dict)
    cuts: dict[str, tuple[CutMember, ...]] = field(default_factory=dict)
    clones: dict[str, ArrayVolume] = field(default_factory=dict)
    void: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=lambda: set(FOREIGN))
    calls: list[str] = field(default_factory=list)

    def live(self) -> set[str]:
        """Everything there but what is foreign or void."""
        return ({*self.groups, *self.cuts, *self.clones}) - self.void


class FakeArray(Provider, Cloner):
    """One array; `behaviour` may be changed at any time."""

    kind = "fake"
    settings_model = NoSettings
    capabilities: Capabilities = Capabilities(
        max_volumes_per_cut=100,
        clock_precision_s=0.001,
        request_life_s=REQUEST_LIFE_S,
        atomic_cut=True,
        clones=True,
    )

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        self.name = context.name
        self.settings = settings
        self.behaviour = Behaviour()
        self.store = Store()
        self.clocks = VirtualClock()
        self.volumes = tuple(
            ArrayVolume(f"{self.name}-id-{n}", f"vol{n}", f"naa.{self.name}{n}", 1 << 20) for n in range(2)
        )
        self._later: set[asyncio.Task[None]] = set()

    @classmethod
    def named(cls, name: str) -> FakeArray:
        """Make one."""
        return cls(ProviderContext(name, "fake://", Secret("x")), NoSettings())

    async def _call(self, method: str) -> None:
        self.store.calls.append(method)
        await asyncio.sleep(self.behaviour.latency_s)
        if method in self.behaviour.failing:
            raise ArrayError("array.unreachable", f"{method} failed", subject=self.name)

    async def connect(self) -> None:
        await self._call("connect")

    async def close(self) -> None:
        self.store.calls.append("close")

    async def identify(self) -> ArrayIdentity:
        await self._call("identify")
        return self.identity

    @property
    def identity(self) -> ArrayIdentity:
        return ArrayIdentity(f"id-of-{self.name}", self.name, "fake", "1", emulated=True)

    async def clock(self) -> ClockSample:
        await self._call("clock")
        wall = self.clocks.reading().wall
        return ClockSample(wall.fromtimestamp(wall.timestamp() + self.behaviour.skew_s, tz=wall.tzinfo))

    async def missing_rights(self) -> Sequence[str]:
        return ()

    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        await self._call("locate")
        return {volume.lun_id: volume for volume in self.volumes if volume.lun_id in lun_ids}

    async def arm(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> ArmedCut:
        if self.behaviour.arming_lost_for_s:
            asyncio.get_running_loop().call_later(
                self.behaviour.arming_lost_for_s, self.store.groups.__setitem__, names.stem, tuple(volumes)
            )
            raise ArrayAnswerLost("gone", subject=self.name)
        self.store.groups[names.stem] = tuple(volumes)
        await self._call("arm")
        return ArmedCut(names, tuple(volumes))

    async def commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        token.spend(self.identity.array_id)
        self.store.calls.append("commit")
        fault, late_s = self.behaviour.commit, self.behaviour.late_s
        match fault:
            case CommitFault.REJECTED:
                raise ArrayRejected("no", subject=self.name)
            case CommitFault.BUSY:
                raise ArrayBusy("busy", subject=self.name)
            case CommitFault.LOST_BEFORE:
                raise ArrayAnswerLost("gone", subject=self.name)
            case CommitFault.RAISES:
                raise RuntimeError("a plugin may raise anything")
            case CommitFault.HANGS:
                await asyncio.sleep(10_000)
            case CommitFault.LOST_LATE_EFFECT:
                task = asyncio.create_task(self._cut_later(armed, late_s))
                self._later.add(task)
                raise ArrayAnswerLost("gone", subject=self.name)
            case _:
                await asyncio.sleep(late_s if fault is CommitFault.LATE else self.behaviour.latency_s)
        self._cut(armed)
        if fault is CommitFault.LOST_AFTER:
            raise ArrayAnswerLost("gone", subject=self.name)
        return CutAnswer("cut-id", f"{armed.names.stem}.cut")

    async def _cut_later(self, armed: ArmedCut, late_s: float) -> None:
        await asyncio.sleep(late_s)
        if armed.names.stem in self.store.groups:
            self._cut(armed)

    def _cut(self, armed: ArmedCut) -> None:
        if armed.names.stem not in self.store.groups:
            raise ArrayRejected("no such group", subject=self.name)
        wall = self.clocks.reading().wall
        at = wall.fromtimestamp(wall.timestamp() + self.behaviour.skew_s, tz=wall.tzinfo)
        members = tuple(
            CutMember(volume.volume_id, f"r-{volume.volume_id}", f"{armed.names.stem}.cut.{volume.name}", at)
            for volume in self.store.groups[armed.names.stem]
        )
        partial = self.behaviour.commit is CommitFault.PARTIAL
        self.store.cuts[f"{armed.names.stem}.cut"] = members[1:] if partial else members

    async def confirm(self, armed: ArmedCut, answer: CutAnswer) -> Sequence[CutMember]:
        await self._call("confirm")
        return self.store.cuts.get(answer.cut_name, ())

    async def abort(self, armed: ArmedCut) -> None:
        await self._call("abort")
        for things in (self.store.groups, self.store.cuts):
            for name in [name for name in things if armed.names.covers(name)]:
                self._remove(name)

    def _remove(self, name: str) -> None:
        if self.behaviour.refuses_to_delete:
            self.store.void.add(name)
            return
        for things in (self.store.groups, self.store.cuts, self.store.clones):
            things.pop(name, None)

    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        await self._call("owned")
        names = {*self.store.groups, *self.store.cuts, *self.store.clones, *self.store.foreign}
        return [
            OwnedObject(
                ObjectKind.CUT,
                f"id-{name}",
                name,
                ObjectState.VOID_PENDING if name in self.store.void else ObjectState.LIVE,
            )
            for name in sorted(names)
            if name.startswith(prefix)
        ]

    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        await self._call("delete")
        for item in objects:
            self.store.foreign.discard(item.name)
            self._remove(item.name)
        void = ObjectState.VOID_PENDING
        return [
            OwnedObject(item.kind, item.object_id, item.name, void)
            for item in objects
            if item.name in self.store.void
        ]

    async def clone(self, members: Sequence[CutMember], names: ObjectNames) -> Sequence[Clone]:
        await self._call("clone")
        clones = []
        for number, member in enumerate(members):
            name = f"{names.stem}-{number}"
            volume = ArrayVolume(f"clone-{name}", name, f"naa.{name}", 1 << 20, ours=True)
            self.store.clones[name] = volume
            clones.append(Clone(member.replica_id, volume))
        return clones
