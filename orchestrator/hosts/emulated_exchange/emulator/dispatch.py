"""Which method of the host answers which op."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from orchestrator.hosts.emulated_exchange import protocol
from orchestrator.hosts.emulated_exchange.emulator.host import EmulatedExchange
from orchestrator.hosts.emulated_exchange.protocol import Nothing, Op

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

    add(protocol.IDENTIFY, at_once(lambda _: host.identify()))
    add(protocol.SURVEY, at_once(lambda _: host.survey()))
    add(protocol.OPEN, at_once(lambda plan: protocol.Session(host.open(plan))))
    add(protocol.FREEZE, lambda freeze: host.freeze(freeze.key, freeze.dead_man_s))
    add(protocol.THAW, host.thaw)
    add(protocol.WRITER_STATUS, at_once(lambda key: protocol.WriterStatus(host.writer_status(key))))
    add(protocol.COMPLETE, at_once(lambda done: host.complete(done.key, succeeded=done.succeeded)))
    add(protocol.ABORT, without_result(host.abort))
    add(protocol.RECOVER, without_result(host.recover))
    add(protocol.INJECT, without_result(host.inject))
    return table
