"""What an agent can be asked, and the forms of arguments and results: the whole protocol is this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    CompletionReport,
    FreezeReport,
    HostCheck,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
)
from orchestrator.model.time import Reading
from orchestrator.plugin import SetPlan

A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments, or no result."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What an agent is.

    Attributes:
        agent_version: of Quiesce.
        backend: kind of the host coordinator that it serves.
        ceiling: the best grade of a set on this host.
    """

    agent_version: str
    backend: str
    ceiling: Grade


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the clocks of the agent and of its host say.

    Attributes:
        life: names this life of the agent's process; its monotonic clock means nothing to another one.
        agent_s: monotonic clock of the agent, in seconds.
        host: the host's, as its reports are dated.
    """

    life: str
    agent_s: float
    host: Reading


@dataclass(frozen=True, slots=True)
class Examination:
    """What an agent found when it examined its host."""

    checks: tuple[HostCheck, ...]


@dataclass(frozen=True, slots=True)
class SetKey:
    """Which set, and the right to thaw or abort it: whoever holds the fencing token has that."""

    set_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Freeze a set, soon or never.

    Attributes:
        key: which one.
        dead_man_s: after so many seconds the host thaws by itself.
        life: of the agent whose clock `start_by_s` is on.
        start_by_s: the latest instant on that clock at which the freeze may still begin. A request that the
            network kept back, or that somebody sends again, comes after it.
    """

    key: SetKey
    dead_man_s: float
    life: str
    start_by_s: float


@dataclass(frozen=True, slots=True)
class Completion:
    """Tell a set's writers how the backup ended."""

    key: SetKey
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Session:
    """The requestor session in which a set was opened."""

    session_id: str


@dataclass(frozen=True, slots=True)
class WriterStatus:
    """The writers' states inside a set's session."""

    writers: tuple[WriterReport, ...]


@dataclass(frozen=True, slots=True)
class Op(Generic[A, R]):
    """One thing that an agent can be asked.

    Attributes:
        name: in the message.
        asks: type of the arguments.
        tells: type of the result.
        repeatable: may be asked again on a fresh connection when the answer was lost with the old one.
    """

    name: str
    asks: type[A]
    tells: type[R]
    repeatable: bool = True


HELLO: Final = Op("hello", Nothing, Hello)
IDENTIFY: Final = Op("identify", Nothing, HostIdentity)
SURVEY: Final = Op("survey", Nothing, Survey)
EXAMINE: Final = Op("examine", Nothing, Examination)
CLOCK: Final = Op("clock", Nothing, Clocks)
OPEN: Final = Op("open", SetPlan, Session, repeatable=False)
FREEZE: Final = Op("freeze", Freeze, FreezeReport, repeatable=False)
THAW: Final = Op("thaw", SetKey, ReleaseReport)
WRITER_STATUS: Final = Op("writer-status", SetKey, WriterStatus)
COMPLETE: Final = Op("complete", Completion, CompletionReport)
ABORT: Final = Op("abort", SetKey, Nothing)
RESUME: Final = Op("resume", SetKey, Session)
RECOVER: Final = Op("recover", SetKey, Nothing)

OPS: Final[dict[str, Op[Any, Any]]] = {
    op.name: op
    for op in (
        *(HELLO, IDENTIFY, SURVEY, EXAMINE, CLOCK, OPEN, FREEZE, THAW),
        *(WRITER_STATUS, COMPLETE, ABORT, RESUME, RECOVER),
    )
}
