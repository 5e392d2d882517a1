"""The look afterwards: writers, arrays and the map, read again after the thaw."""

from __future__ import annotations

import asyncio

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.cut import PendingCut
from orchestrator.engine.host_answer import answer_of_host
from orchestrator.engine.planning import read_map


async def settle(attempt: Attempt) -> None:
    """Ask writers, arrays and the map, side by side, and keep what they say in the attempt.

    Whatever could not be read stays empty, and then fails the proof.

    Raises:
        OrchestratorError: one of them could not be asked; what the others said is kept.
    """
    answers = await asyncio.gather(
        _ask_writers(attempt),
        _read_map(attempt),
        *(_list_members(cut) for cut in attempt.cuts),
        return_exceptions=True,
    )
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer


async def _ask_writers(attempt: Attempt) -> None:
    attempt.writers_after = tuple(await answer_of_host(attempt.open_set.writer_status(), attempt))


async def _read_map(attempt: Attempt) -> None:
    attempt.map_after = await answer_of_host(read_map(attempt.plan), attempt)


async def _list_members(cut: PendingCut) -> None:
    if cut.answer is not None:
        cut.listed = tuple(await cut.array.provider.confirm(cut.armed, cut.answer))
