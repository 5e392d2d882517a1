"""Which method of the host answers which op."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from orchestrator.hosts.emulated_exchange import protocol
from orchestrator.hosts.emulated_exchange.emulator.host import EmulatedExchange
from orchestrator.hosts.emulated_exchange.emulator.keys import SetKey
from orchestrator.hosts.emulated_exchange.protocol import Nothing, Op
from orchestrator.plugin import SetPlan

A = TypeVar("A")
R = TypeVar("R")


def handlers(host: EmulatedExchange) -> Mapping[str, Callable[[Any], Awaitable[object]]]:
    """Return what answers each op, by its name."""
    table: dict[str, Callable[[Any], Awaitable[object]]] = {}

    def add(op: Op[A, R], handler: Callable[[A], Awaitable[R]]) -> None:
        table[op.name] = handler

    def at_once(function: Callable[[A], R]) -> Callable[[A], Awaitable[R]]:
        async def handler(args: A) -> R:
            return function(args)

        return handler

    def without_result(function: Callable[[A], None]) -> Callable[[A], Awaitable[Nothing]]:
        async def handler(args: A) -> Nothing:
            function(args)
            return Nothing()

        return handler

    async def open_set(plan: SetPlan) -> protocol.Session:
        return protocol.Session(await host.open(plan))

    add(protocol.IDENTIFY, at_once(lambda _: host.identify()))
    add(protocol.SURVEY, lambda _: host.survey())
    add(protocol.OPEN, open_set)
    add(protocol.RESUME, at_once(lambda key: protocol.Session(host.resume(_key(key)))))
    add(protocol.FREEZE, lambda freeze: host.freeze(_key(freeze.key), freeze.dead_man_s))
    add(protocol.THAW, lambda key: host.thaw(_key(key)))
    add(protocol.WRITER_STATUS, at_once(lambda key: protocol.WriterStatus(host.writer_status(_key(key)))))
    add(protocol.COMPLETE, lambda done: host.complete(_key(done.key), succeeded=done.succeeded))
    add(protocol.ABORT, without_result(lambda key: host.abort(_key(key))))
    add(protocol.RECOVER, without_result(lambda key: host.recover(_key(key))))
    add(protocol.INJECT, without_result(host.inject))
    return table


def _key(key: protocol.SetKey) -> SetKey:
    return SetKey(key.set_id, key.fence)
