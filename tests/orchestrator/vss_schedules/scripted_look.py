"""A look into the clones that finds what it was told to find."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.result import PlacedClone
from orchestrator.errors import VerificationError, VerificationStopped
from orchestrator.model.verification import (
    ContentFinding,
    ContentsReport,
    Place,
    Severity,
    Verdict,
    VerifiedComponent,
)
from orchestrator.policy.presentation import PresentationTarget

EXCHANGE: Final = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"
A_WOUND: Final = ContentFinding(
    "verify.contents-failed", Severity.ERROR, Place("DB01.edb", "page", 12), "Page 12 has a wrong checksum."
)


@dataclass
class ScriptedLook:
    """A look into the clones that ends as told.

    Attributes:
        error: what it ends with instead of a verdict.
        looked: whether anybody has asked.
    """

    verdict: Verdict = Verdict.RECOVERABLE
    error: bool = False
    takes_s: float = 60.0
    verifiable: Collection[str] = frozenset({EXCHANGE})
    seen_by: Sequence[PresentationTarget] = ()
    looked: bool = False

    async def look(
        self, attempt: Attempt, clones: Sequence[PlacedClone], stop: asyncio.Event
    ) -> ContentsReport:
        started = datetime.now(UTC)
        self.looked = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self.takes_s):
                await stop.wait()
            raise VerificationStopped("verify.stopped", "stopped")
        if self.error:
            raise VerificationError("verify.cannot-read", "gone")
        findings = (A_WOUND,) if self.verdict.failed else ()
        components = (
            VerifiedComponent(one.caption, "scripted", self.verdict, findings=findings)
            for one in attempt.plan.components
        )
        return ContentsReport(tuple(components), started, datetime.now(UTC))
