"""What a host coordinator implements: one host whose writers can be frozen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from orchestrator.errors import HostError
from orchestrator.model.budgets import Budgets
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    CompletionReport,
    Component,
    FreezeReport,
    HostCheck,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterInstance,
    WriterReport,
)
from orchestrator.model.sessions import HOLD_LIMIT_S
from orchestrator.model.time import Reading
from orchestrator.plugin.provider import ProviderContext


@dataclass(frozen=True, slots=True)
class SetPlan:
    """What a set will hold.

    Attributes:
        set_id: chosen by us, so that recovery can ask for it.
        fence: fencing token; the host obeys thaw and abort of the same set from any holder of it.
        context: VSS snapshot context.
        backup_type: VSS_BACKUP_TYPE.
        components: the selected ones.
        writers: the instances that own them.
        host_volumes: names of every host volume in the set.
        budgets: limits for the host's own timers.
        session_s: how long after the thaw the host keeps the requestor session. Then it aborts the backup by
            itself: writers that wait for its end let no other backup begin.
    """

    set_id: str
    fence: int
    context: int
    backup_type: int
    components: tuple[Component, ...]
    writers: tuple[WriterInstance, ...]
    host_volumes: tuple[str, ...]
    budgets: Budgets
    session_s: float = HOLD_LIMIT_S


class HostSet(ABC):
    """One shadow copy set on one host, from prepared to complete.

    Its session survives lost connections, and the process that opened it: `HostCoordinator.resume`.
    """

    session_id: str

    @abstractmethod
    async def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze the writers, hold writes, and report.

        The host arms a dead man's timer of `dead_man_s` seconds before it freezes anything: whatever
        happens to us, it thaws by itself then. A failure or lost answer counts as frozen: call `thaw`.

        Raises:
            HostError: the host, a writer or the way to it failed.
        """

    @abstractmethod
    async def thaw(self) -> ReleaseReport:
        """Release the hold and thaw, and say how the hold ended. Idempotent; safe when nothing is frozen."""

    @abstractmethod
    async def writer_status(self) -> Sequence[WriterReport]:
        """Gather the writers' states inside this set's requestor session."""

    @abstractmethod
    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended, end the session, and say what came of it.

        Idempotent while the host remembers the set: asked again, it answers as it did the first time, and
        refuses another outcome.

        Raises:
            HostError: `host.session-lost`, the session had ended before: the writers were not told.
        """

    @abstractmethod
    async def abort(self) -> None:
        """Thaw if needed, give the set up, and end the session. Idempotent."""


class HostCoordinator(ABC):
    """One host. `connect` first, `close` last; `close` never raises.

    Class attributes:
        kind: what users write after --kind.
        settings_model: schema of the settings beyond url, secret and CA file.
        ceiling: the best grade that a set of such a host can reach; an instance may lower its own once it
            is connected.
        needs_secret: whether one has to be registered with the host.
    """

    kind: ClassVar[str]
    settings_model: ClassVar[type[BaseModel]]
    ceiling: Grade
    needs_secret: ClassVar[bool] = True

    @abstractmethod
    def __init__(self, context: ProviderContext, settings: BaseModel) -> None: ...

    @abstractmethod
    async def connect(self) -> None:
        """Open the way to the host and prove the secret."""

    @abstractmethod
    async def close(self) -> None:
        """Drop every connection. A set that is open stays with the host."""

    @abstractmethod
    async def identify(self) -> HostIdentity:
        """Tell which host this is."""

    @abstractmethod
    async def survey(self) -> Survey:
        """Read writers, components, files, host volumes and LUN identities. Changes nothing."""

    async def volumes_under(self, paths: Sequence[Path]) -> Mapping[Path, Sequence[str]]:
        """Return the names of the host volumes that paths of *this machine* need, where the host has them.

        A path needs the one that it lies on, and each on which an image of that lies. Whatever a run needs
        while the host is frozen must not lie on what it freezes (R8). A host that is another machine has
        none of our paths: the answer is empty.
        """
        return {}

    async def clock(self) -> Reading:
        """Read the host's clocks, as quickly as the host can."""
        return (await self.survey()).clock

    async def examine(self) -> Sequence[HostCheck]:
        """Look for whatever would keep a run from succeeding, each with its remedy. Changes nothing."""
        return ()

    @abstractmethod
    async def open(self, plan: SetPlan) -> HostSet:
        """Start a requestor session and a set, and prepare the writers."""

    async def resume(self, set_id: str, fence: int) -> HostSet:
        """Take up the session of a set that was opened before, by this process or by one that is dead.

        Raises:
            HostError: `host.session-lost`, the host keeps no such session (any more).
        """
        raise HostError("host.session-lost", "a host of this kind keeps no sessions", subject=set_id)

    @abstractmethod
    async def recover(self, set_id: str, fence: int) -> None:
        """Thaw and abort a set that a dead process left behind. Unknown sets are success."""
