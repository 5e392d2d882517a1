from __future__ import annotations

import pytest

from orchestrator.model.hosts import WriterInstance
from orchestrator.model.verification import Verdict
from orchestrator.policy.consistency import Request, check_request
from orchestrator.policy.truncation import BackupType, check_verifiable, may_report_success

EXCHANGE = WriterInstance("76FE1AC4-15F7-4bcd-987e-8e1acb462fb7", "instance-1", "Microsoft Exchange Writer")
KNOWN = frozenset({"76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"})


@pytest.mark.parametrize(
    ("backup_type", "truncate", "refused"),
    [
        (
            backup_type,
            truncate,
            (backup_type, truncate) not in {(BackupType.COPY, False), (BackupType.FULL, True)},
        )
        for backup_type in BackupType
        for truncate in (False, True)
    ],
)
def test_what_is_told_and_what_is_wanted_fit_together(
    backup_type: BackupType, truncate: bool, refused: bool
) -> None:
    findings = check_request(Request(("DB01",), backup_type=backup_type, truncate=truncate))
    assert [each.code for each in findings] == ["policy.backup-type"] * refused


@pytest.mark.parametrize(
    ("writers", "truncate", "refused"),
    [
        ((EXCHANGE,), True, 0),
        ((EXCHANGE, WriterInstance("a65faa63", "instance-2", "SqlServerWriter")), True, 1),
        ((), True, 1),
        ((WriterInstance("a65faa63", "instance-2", "SqlServerWriter"),), False, 0),
    ],
)
def test_what_nobody_can_verify_is_never_truncated(
    writers: tuple[WriterInstance, ...], truncate: bool, refused: int
) -> None:
    findings = [*check_verifiable(writers, KNOWN, truncate=truncate)]
    assert [each.code for each in findings] == ["policy.truncation-unverified"] * refused


@pytest.mark.parametrize("backup_type", BackupType)
@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_success_of_what_truncates_is_reported_after_a_verification_that_passed(
    backup_type: BackupType, verdict: Verdict | None
) -> None:
    told = may_report_success(backup_type, verdict)
    assert told is (backup_type is BackupType.COPY or verdict in {Verdict.CLEAN, Verdict.RECOVERABLE})
