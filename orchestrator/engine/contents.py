"""Who looks into the contents of a proven set."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Protocol

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.result import PlacedClone
from orchestrator.model.verification import ContentsReport, Verdict, VerifiedComponent
from orchestrator.policy.presentation import PresentationTarget


class ContentsCheck(Protocol):
    """Shows clones to a verification host, has them looked into, and takes them away again."""

    @property
    def verifiable(self) -> Collection[str]:
        """Ids of the writers whose databases some verifier understands."""

    @property
    def seen_by(self) -> Sequence[PresentationTarget]:
        """Who the clones are shown to."""

    async def look(
        self, attempt: Attempt, clones: Sequence[PlacedClone], stop: asyncio.Event
    ) -> ContentsReport:
        """Look into the clones. Whatever happens, nothing stays shown.

        Args:
            attempt: that made them.
            clones: one for each replica.
            stop: set when nobody wants to wait any longer.

        Raises:
            VerificationError: nothing could be said of the contents.
            VerificationStopped: `stop` was set.
            ArrayError: the clones could not be shown.
            HostError: they did not appear on the verification host.
        """


class NoVerifiers:
    """What looks into nothing: no verifier is installed."""

    verifiable: Collection[str] = frozenset()
    seen_by: Sequence[PresentationTarget] = ()

    async def look(
        self, attempt: Attempt, clones: Sequence[PlacedClone], stop: asyncio.Event
    ) -> ContentsReport:
        """Say of every component that there is no verifier for it."""
        now = datetime.now(UTC)
        components = (
            VerifiedComponent(each.caption, "", Verdict.NO_VERIFIER) for each in attempt.plan.components
        )
        return ContentsReport(tuple(components), now, now)
