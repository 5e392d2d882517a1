"""The messages between orchestrator, hub and agent: one JSON document a WebSocket text message.

A request is `{"version", "request_id", "op", "args"}`. Its answer carries the same `request_id` and either
`result` or `problem` (`{"code", "what", "subject"}`). Answers come in any order: a thaw overtakes a freeze
that hangs. The numbers of one connection's requests rise.

What has not exactly the documented form has no effect. Depth is bounded by pydantic's JSON parser (200).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import CATALOGUE, HostError, OrchestratorError
from orchestrator.hosts.agent.ops import OPS, Op

VERSION: Final = 1
MOST_BYTES: Final = 1 << 20  # a survey of 64 host volumes and 500 databases takes a tenth of that

A = TypeVar("A")
R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)

# JSON numbers are exact up to here in every reader.
RequestId = Annotated[int, Field(ge=1, le=2**53 - 1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Head(BaseModel):
    """What any message begins with. The rest is not looked at yet."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    version: int
    request_id: RequestId


class RequestHead(_Head):
    """What a request asks."""

    op: str


class Request(_Strict, Generic[A]):
    """A whole request."""

    version: Literal[1] = VERSION
    request_id: RequestId
    op: str
    args: A


class Problem(_Strict):
    """Why a request failed, in the words of our error tree."""

    code: str = Field(max_length=100)
    what: str = Field(max_length=10_000)
    subject: str = Field(max_length=10_000)

    @classmethod
    def of(cls, error: Exception) -> Problem:
        """Return an error as it travels; of one that nobody foresaw, no more than its name."""
        if isinstance(error, OrchestratorError):
            return cls(code=error.code, what=error.what[:10_000], subject=error.subject[:10_000])
        return cls(code="internal.fault", what=f"the agent failed: {type(error).__name__}", subject="")

    def error(self) -> HostError:
        """Return the error that travelled."""
        code = self.code if self.code in CATALOGUE else "host.rejected"
        return HostError(code, self.what, subject=self.subject)


class Answer(_Strict, Generic[R]):
    """A whole answer; exactly one of the two is there."""

    version: Literal[1] = VERSION
    request_id: RequestId
    result: R | None = None
    problem: Problem | None = None


def request_text(op: Op[A, R], request_id: int, args: A) -> str:
    """Return a request as it travels."""
    return request_form(op)(request_id=request_id, op=op.name, args=args).model_dump_json()


def answer_text(op: Op[A, R], request_id: int, result: R) -> str:
    """Return an answer as it travels."""
    return answer_form(op)(request_id=request_id, result=result).model_dump_json(exclude={"problem"})


def problem_text(request_id: int, error: Exception) -> str:
    """Return the answer to a request that failed."""
    answer = Answer[None](request_id=request_id, problem=Problem.of(error))
    return answer.model_dump_json(exclude={"result"})


def read_request_head(text: str) -> RequestHead:
    """Read what a request asks, before its arguments.

    Raises:
        HostError: `agent.malformed`; it has no number, so nobody could tell what is answered.
    """
    return _read(RequestHead, text)


def read_args(head: RequestHead, text: str) -> tuple[Op[Any, Any], Any]:
    """Read a request whole.

    Raises:
        HostError: `agent.version`, `agent.malformed`.
    """
    _check_version(head.version)
    op = OPS.get(head.op)
    if op is None:
        raise HostError("agent.malformed", "there is no such request", subject=head.op[:100])
    return op, _read(request_form(op), text).args


def read_answer_id(text: str) -> int:
    """Read which request a message answers.

    Raises:
        HostError: `agent.malformed`.
    """
    return _read(_Head, text).request_id


def read_result(op: Op[A, R], text: str) -> R:
    """Read the result of a request.

    Raises:
        HostError: the problem that it carries; `agent.version`; `agent.malformed`.
    """
    _check_version(_read(_Head, text).version)
    answer = _read(answer_form(op), text)
    if answer.problem is not None:
        raise answer.problem.error()
    if answer.result is None:
        raise HostError("agent.malformed", "neither a result nor a problem", subject=op.name)
    if _has_naive_time(answer.result):
        raise HostError("agent.malformed", "an instant without its offset from UTC", subject=op.name)
    result: R = answer.result
    return result


@cache
def request_form(op: Op[A, R]) -> type[Request[A]]:
    """Return the type of a request of this op."""
    return Request[op.asks]  # type: ignore[name-defined] # made at run time, from the table


@cache
def answer_form(op: Op[A, R]) -> type[Answer[R]]:
    """Return the type of an answer to this op."""
    return Answer[op.tells]  # type: ignore[name-defined] # made at run time, from the table


def _check_version(version: int) -> None:
    if version != VERSION:
        what = f"it speaks version {version} of the agent's protocol, and we version {VERSION}"
        raise HostError("agent.version", what)


def _read(form: type[M], text: str) -> M:
    try:
        return form.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        what = f"not of the documented form: {place} {first['msg']}"
    raise HostError("agent.malformed", what[:1000])


def _has_naive_time(value: object) -> bool:
    """Tell whether any instant below lacks its offset: arithmetic with one would fail much later."""
    if isinstance(value, datetime):
        return value.tzinfo is None
    parts: Iterable[object] = ()
    if is_dataclass(value):
        parts = (getattr(value, field.name) for field in fields(value))
    elif isinstance(value, tuple):
        parts = value
    return any(_has_naive_time(part) for part in parts)
