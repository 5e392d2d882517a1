"""What coordinator and emulated host say to each other: one JSON document a WebSocket message.

A request is `{"version", "request_id", "op", "args"}`; its answer carries the same `request_id` with either
`result` or `problem` (`{"code", "what", "subject"}`). Answers come in any order: a thaw overtakes a freeze
that hangs. The token travels in the `Authorization` header of the opening request and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from orchestrator.errors import CATALOGUE, HostError, OrchestratorError
from orchestrator.model.hosts import (
    CompletionReport,
    FreezeReport,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
)
from orchestrator.plugin import Fault, SetPlan

VERSION: Final = 1
PATH: Final = f"/v{VERSION}"

A = TypeVar("A")
R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments, or no result."""


@dataclass(frozen=True, slots=True)
class SetKey:
    """Which set, and the right to thaw or abort it: whoever holds the fencing token has that."""

    set_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Freeze this set, and thaw it by yourself after so many seconds."""

    key: SetKey
    dead_man_s: float


@dataclass(frozen=True, slots=True)
class Completion:
    """Tell this set's writers how the backup ended."""

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
    """One thing that a host can be asked.

    Attributes:
        asks: form of the arguments.
        tells: form of the result.
        repeatable: may be asked again on a fresh connection when the answer was lost with the old one.
    """

    name: str
    asks: TypeAdapter[A]
    tells: TypeAdapter[R]
    repeatable: bool


def _op(name: str, asks: type[A], tells: type[R], *, repeatable: bool = True) -> Op[A, R]:
    return Op(name, TypeAdapter(asks), TypeAdapter(tells), repeatable)


IDENTIFY: Final = _op("identify", Nothing, HostIdentity)
SURVEY: Final = _op("survey", Nothing, Survey)
OPEN: Final = _op("open", SetPlan, Session, repeatable=False)
RESUME: Final = _op("resume", SetKey, Session)
FREEZE: Final = _op("freeze", Freeze, FreezeReport, repeatable=False)
THAW: Final = _op("thaw", SetKey, ReleaseReport)
WRITER_STATUS: Final = _op("writer-status", SetKey, WriterStatus)
COMPLETE: Final = _op("complete", Completion, CompletionReport)
ABORT: Final = _op("abort", SetKey, Nothing)
RECOVER: Final = _op("recover", SetKey, Nothing)
INJECT: Final = _op("inject", Fault, Nothing, repeatable=False)

OPS: Final[dict[str, Op[Any, Any]]] = {
    op.name: op
    for op in (IDENTIFY, SURVEY, OPEN, RESUME, FREEZE, THAW, WRITER_STATUS, COMPLETE, ABORT, RECOVER, INJECT)
}


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = VERSION
    request_id: int


class Request(_Message):
    """What the coordinator sends."""

    op: str
    args: Any


class Problem(BaseModel):
    """Why a request failed, in the words of our error tree."""

    code: str
    what: str
    subject: str

    @classmethod
    def of(cls, error: OrchestratorError) -> Problem:
        """Return an error as it travels."""
        return cls(code=error.code, what=error.what, subject=error.subject)

    def error(self) -> HostError:
        """Return the error that travelled."""
        code = self.code if self.code in CATALOGUE else "host.rejected"
        return HostError(code, self.what, subject=self.subject)


class Answer(_Message):
    """What the host sends."""

    result: Any = None
    problem: Problem | None = None


def read(message: type[M], text: str) -> M:
    """Read one message.

    Raises:
        HostError: it has not the documented form, or speaks another version.
    """
    try:
        return message.model_validate_json(text)
    except ValidationError as error:
        raise _malformed(message.__name__.lower(), error) from None


def validated(form: TypeAdapter[A], value: object, subject: str) -> A:
    """Read the arguments or the result inside a message.

    Raises:
        HostError: they have not the documented form.
    """
    try:
        return form.validate_python(value)
    except ValidationError as error:
        raise _malformed(subject, error) from None


def _malformed(subject: str, error: ValidationError) -> HostError:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return HostError("host.rejected", f"not of the documented form: {place} {first['msg']}", subject=subject)
