"""How long a host's answer is waited for when nothing is frozen (R8)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from orchestrator.engine.attempt import Attempt
from orchestrator.errors import HostError

T = TypeVar("T")

# Writers may take their time. A network that is cut tells nobody for a quarter of an hour.
ANSWER_S: Final = 60.0


async def answer_of_host(asked: Awaitable[T], attempt: Attempt) -> T:
    """Return what the host answers.

    Raises:
        HostError: `host.gone`, nothing; or what asking raises.
    """
    try:
        async with asyncio.timeout_at(attempt.clock.now() + ANSWER_S):
            return await asked
    except TimeoutError:
        what = f"no answer within {ANSWER_S:g} s"
        raise HostError("host.gone", what, subject=attempt.plan.host.name) from None
