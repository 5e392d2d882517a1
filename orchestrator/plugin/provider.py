"""What a hardware-provider plugin implements: one array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from orchestrator.model.arrays import (
    ArmedCut,
    ArrayIdentity,
    ArrayVolume,
    Capabilities,
    Clone,
    CutAnswer,
    CutForecast,
    CutMember,
    OwnedObject,
    Presentation,
)
from orchestrator.model.names import ObjectNames
from orchestrator.plugin.secrets import Secret
from orchestrator.plugin.token import CutToken


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What a provider is given besides its own settings.

    Attributes:
        name: what the admin called the array.
        url: base address.
        secret: resolved from the registered reference.
        ca_file: PEM file that the array's certificate is verified with; None for the system's CAs.
    """

    name: str
    url: str
    secret: Secret
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ClockSample:
    """The array's wall clock (UTC), as answered to one real request."""

    at: datetime


class Provider(ABC):
    """One array. Every method is called outside the freeze window but `commit`.

    A provider opens no connection in `__init__`; `connect` logs in, `close` logs out and never raises.
    Nothing is retried inside `commit`; elsewhere safe requests may be.
    Every method may raise `ArrayError`; `ArrayAnswerLost` says that a request may have been executed.

    Class attributes:
        kind: what users write after --kind.
        settings_model: schema of the settings beyond url, secret and CA file.
        capabilities: claims, measured by the conformance kit; an instance may adjust its own to its array.
        emulator: "module:Class" of the `ArrayEmulator`; loaded by the lab only.
        needs_secret: whether one has to be registered with the array.
        local_paths: what a cut writes to on this machine; nothing of it may lie on what a run freezes.
    """

    kind: ClassVar[str]
    settings_model: ClassVar[type[BaseModel]]
    capabilities: Capabilities
    emulator: ClassVar[str | None] = None
    needs_secret: ClassVar[bool] = True
    local_paths: tuple[Path, ...] = ()

    @abstractmethod
    def __init__(self, context: ProviderContext, settings: BaseModel) -> None: ...

    @abstractmethod
    async def connect(self) -> None:
        """Log in. Called once before anything else."""

    @abstractmethod
    async def close(self) -> None:
        """Log out and drop every connection. Never raises; may be called twice."""

    @abstractmethod
    async def identify(self) -> ArrayIdentity:
        """Tell which array this is."""

    @abstractmethod
    async def clock(self) -> ClockSample:
        """Read the array's wall clock.

        One real request: the engine also calls it to keep the connections warm that `commit` will use.
        """

    @abstractmethod
    async def missing_rights(self) -> Sequence[str]:
        """Name, in the vendor's words, each right that the account lacks for a run. Changes nothing."""

    @abstractmethod
    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        """Find the array volumes behind LUN identities. Unknown ones are left out of the answer."""

    async def forecast(self, volumes: Sequence[ArrayVolume]) -> CutForecast | None:
        """Say how long a cut of these array volumes is expected to take; None if only experience can tell.

        Changes nothing.
        """
        return None

    @abstractmethod
    async def arm(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> ArmedCut:
        """Prepare everything so that the cut is one request. Only objects named by `names` are made.

        Arming twice under the same names yields one consistency group.

        Raises:
            ArrayRejected: with code `array.full` when there is no room for the replicas.
        """

    @abstractmethod
    async def commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        """Cut: one request, on a warm connection, no retry, no login. Called while writers are held.

        The answer comes from that request itself. "Already exists" is a failure (`array.name-taken`).
        """

    @abstractmethod
    async def confirm(self, armed: ArmedCut, answer: CutAnswer) -> Sequence[CutMember]:
        """List what the cut holds, as the array sees it after the thaw: all members, no invention."""

    @abstractmethod
    async def abort(self, armed: ArmedCut) -> None:
        """Remove what a later execution of the cut request would need, and what the cut made.

        Afterwards a cut request that is still under way cannot succeed. Missing objects are success.
        Works from `armed.names` alone: after a failed `arm`, and in recovery, there is no handle and the
        volumes are unknown.
        """

    @abstractmethod
    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        """List every object of any kind whose name starts with `prefix`, void ones included."""

    @abstractmethod
    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        """Delete exactly these objects and return those that the array will not let go of yet.

        Those come back with state `VOID_PENDING`. Unknown objects are success.
        """


class Cloner(ABC):
    """Optional: a provider whose array makes array volumes from replicas (`capabilities.clones`)."""

    @abstractmethod
    async def clone(self, members: Sequence[CutMember], names: ObjectNames) -> Sequence[Clone]:
        """Make one array volume per replica, named by `names`. Doing it twice yields the same ones."""


class Presenter(ABC):
    """Optional: a provider that can show clones to this machine (`capabilities.presents`).

    Only clones are presented, never a replica: a sealed replica is what the next clone is made from.
    """

    @abstractmethod
    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        """Show clones to this machine, read-only. Doing it twice yields the same presentations."""

    @abstractmethod
    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        """Undo `present`. What is not presented is success.

        Raises:
            ArrayRejected: `array.in-use`; somebody on this machine still has one open or mounted.
        """
