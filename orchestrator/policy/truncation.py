"""When writers may truncate their logs: R6's two keys, the job's wish and a verification that passed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import IntEnum

from orchestrator.model.hosts import WriterInstance
from orchestrator.model.verification import Verdict
from orchestrator.policy.reasons import Finding


class BackupType(IntEnum):
    """VSS_BACKUP_TYPE, with the header's own numbers."""

    UNDEFINED = 0
    FULL = 1
    INCREMENTAL = 2
    DIFFERENTIAL = 3
    LOG = 4
    COPY = 5
    OTHER = 6


def check_backup_type(backup_type: BackupType, *, truncate: bool) -> Iterator[Finding]:
    """Refuse what would truncate without having been asked to, and what is not supported."""
    subject = backup_type.name.lower()
    match backup_type, truncate:
        case (BackupType.COPY, False) | (BackupType.FULL, True):
            return
        case BackupType.COPY, True:
            text = 'A copy backup truncates nothing; truncate = true goes with backup_type = "full".'
        case BackupType.FULL, False:
            text = "It makes the writers truncate their logs; that takes truncate = true and verify = true."
        case _:
            text = "Only copy and full are supported."
    yield Finding("policy.backup-type", subject, text)


def check_verifiable(
    writers: Sequence[WriterInstance], verifiable: Collection[str], *, truncate: bool
) -> Iterator[Finding]:
    """Refuse to truncate what nobody can verify.

    Args:
        writers: those that own a selected component.
        verifiable: ids of the writers that a verifier understands.
        truncate: the job asks for it.
    """
    if not truncate:
        return
    if not writers:
        yield Finding(
            "policy.truncation-unverified", "job", "No writer takes part: there is nothing to truncate."
        )
    for writer in writers:
        if writer.writer_id.lower() not in verifiable:
            text = "No verifier understands its databases, so its logs are never truncated."
            yield Finding("policy.truncation-unverified", writer.name, text)


def may_report_success(backup_type: BackupType, verdict: Verdict | None) -> bool:
    """Tell whether the writers may be told that the backup succeeded, by what is known of the contents.

    A copy backup makes them truncate nothing: for it the proof alone is enough.
    """
    return backup_type is BackupType.COPY or (verdict is not None and verdict.passed)
