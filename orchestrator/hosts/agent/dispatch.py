"""Which method of the service answers which op."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from orchestrator.hosts.agent import ops
from orchestrator.hosts.agent.ops import Nothing, Op
from orchestrator.hosts.agent.serving import AgentService
from orchestrator.plugin import SetPlan

A = TypeVar("A")
R = TypeVar("R")

Handlers = Mapping[str, Callable[[Any], Awaitable[Any]]]


def handlers(service: AgentService) -> Handlers:
    """Return what answers each op, by its name; the types of both sides are checked here."""
    table: dict[str, Callable[[Any], Awaitable[Any]]] = {}

    def add(op: Op[A, R], handler: Callable[[A], Awaitable[R]]) -> None:
        table[op.name] = handler

    async def hello(_: Nothing) -> ops.Hello:
        return service.hello()

    async def examine(_: Nothing) -> ops.Examination:
        return ops.Examination(tuple(await service.backend.examine()))

    async def open_set(plan: SetPlan) -> ops.Session:
        return ops.Session(await service.open(plan))

    async def writer_status(key: ops.SetKey) -> ops.WriterStatus:
        return ops.WriterStatus(tuple(await service.find(key).writer_status()))

    async def abort(key: ops.SetKey) -> Nothing:
        await service.find(key).abort()
        return Nothing()

    async def resume(key: ops.SetKey) -> ops.Session:
        return ops.Session(service.find(key).resume())

    async def recover(key: ops.SetKey) -> Nothing:
        await service.recover(key)
        return Nothing()

    add(ops.HELLO, hello)
    add(ops.IDENTIFY, lambda _: service.backend.identify())
    add(ops.SURVEY, lambda _: service.backend.survey())
    add(ops.EXAMINE, examine)
    add(ops.CLOCK, lambda _: service.clocks())
    add(ops.OPEN, open_set)
    add(ops.FREEZE, service.freeze)
    add(ops.THAW, lambda key: service.find(key).thaw())
    add(ops.WRITER_STATUS, writer_status)
    add(ops.COMPLETE, lambda done: service.find(done.key).complete(succeeded=done.succeeded))
    add(ops.ABORT, abort)
    add(ops.RESUME, resume)
    add(ops.RECOVER, recover)
    return table
