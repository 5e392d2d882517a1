"""What the writers were told of a backup, and what is known of their answer."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.evidence import Reply
from orchestrator.model.hosts import CompletionReport


@dataclass(frozen=True, slots=True)
class Told:
    """What the writers were told, and what is known of their answer.

    Attributes:
        cause: why no good answer came; empty when one did.
    """

    succeeded: bool
    reply: Reply
    cause: str = ""
    report: CompletionReport = CompletionReport()  # noqa: RUF009 - it is frozen


def remarks_of(told: Told) -> list[str]:
    """Return what people should know of it; nothing when all went well."""
    match told.reply:
        case Reply.ANSWERED if told.succeeded:
            return []
        case Reply.ANSWERED:
            return ["the writers were told that the backup failed: they keep their logs"]
        case Reply.FAILED:
            return [f"a writer failed over the end of the backup: {told.cause}"]
        case Reply.NOT_TOLD:
            return [
                f"the writers could not be told how the backup ended, so they keep their logs: {told.cause}"
            ]
        case Reply.UNKNOWN:
            return [f"the writers' answer is not known: {told.cause}"]
