from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.model.exchange import ExchangeVersion
from orchestrator.policy.backup_types import TYPE_RULES
from orchestrator.policy.backups_at_once import HostUse, check_host_free
from orchestrator.policy.consistency import Request
from orchestrator.policy.exchange_commands import Task, next_step
from orchestrator.policy.exchange_databases import Selection
from orchestrator.policy.exchange_rules import check_exchange
from orchestrator.policy.reasons import Finding
from orchestrator.policy.truncation import BackupType, check_backup_type
from tests.orchestrator.policy.exchange_server import TABLES, all_of, component, database, said, server

E2003, E2007, E2016 = (
    ExchangeVersion.EXCHANGE_2003,
    ExchangeVersion.EXCHANGE_2007,
    ExchangeVersion.EXCHANGE_2016,
)
LONG_AGO = datetime(2024, 5, 1, tzinfo=UTC)
TRUNCATING = {BackupType.FULL, BackupType.INCREMENTAL, BackupType.LOG}
LOGS_ALONE = {BackupType.INCREMENTAL, BackupType.DIFFERENTIAL, BackupType.LOG}


def judge(backup_type: BackupType, **facts: object) -> tuple[Finding, ...]:
    return check_exchange(all_of(server(database("DB01", **facts)), backup_type))


# ------------------------------------------------------------------ types


def test_copy_is_what_is_made_when_nobody_says_anything() -> None:
    assert Request(("DB01",)).backup_type is BackupType.COPY
    assert Selection((), server()).backup_type is BackupType.COPY


@pytest.mark.parametrize("backup_type", BackupType)
def test_the_table_says_of_each_type_what_is_made_of_it(backup_type: BackupType) -> None:
    rule = TYPE_RULES[backup_type]
    assert rule.truncates is (backup_type in TRUNCATING)
    assert rule.logs_alone is (backup_type in LOGS_ALONE)
    refused = [[*check_backup_type(backup_type, truncate=truncate)] for truncate in (False, True)]
    assert rule.made is ([] in refused)


@pytest.mark.parametrize("backup_type", BackupType)
def test_circular_logging_goes_with_nothing_that_truncates_or_rests_on_logs(backup_type: BackupType) -> None:
    findings = judge(backup_type, circular_logging=True, last_full=LONG_AGO)
    refused = backup_type in TRUNCATING | LOGS_ALONE
    assert said(findings) == [("policy.circular-logging", "DB01", True)] * refused
    assert all("Set-MailboxDatabase 'DB01' -CircularLoggingEnabled $false" in one.text for one in findings)


@pytest.mark.parametrize("backup_type", BackupType)
@pytest.mark.parametrize("last_full", [None, LONG_AGO])
def test_logs_alone_need_a_full_backup_before_them(
    backup_type: BackupType, last_full: datetime | None
) -> None:
    missed = backup_type in LOGS_ALONE and last_full is None
    assert said(judge(backup_type, last_full=last_full)) == [("policy.no-full-backup", "DB01", True)] * missed


@pytest.mark.parametrize(
    ("backup_type", "servers", "healthy", "noted"),
    [
        (BackupType.FULL, ("EX01", "EX02", "EX03"), 2, True),
        (BackupType.FULL, ("EX01", "EX02"), 2, False),
        (BackupType.FULL, ("EX01",), 1, False),
        (BackupType.FULL, (), 1, False),
        (BackupType.COPY, ("EX01", "EX02", "EX03"), 2, False),
    ],
)
def test_a_copy_that_lags_keeps_the_logs_which_is_said_and_not_refused(
    backup_type: BackupType, servers: tuple[str, ...], healthy: int, *, noted: bool
) -> None:
    findings = judge(backup_type, servers=servers, healthy_copies=healthy)
    assert said(findings) == [("policy.copies-lag", "DB01", False)] * noted
    assert all("Only 2 of its 3 copies" in one.text for one in findings)
    assert all(one.text.endswith("`Get-MailboxDatabaseCopyStatus 'DB01'`.") for one in findings)


@pytest.mark.parametrize("version", [E2003, E2007])
@pytest.mark.parametrize("backup_type", [BackupType.COPY, BackupType.FULL])
def test_a_truncating_backup_says_what_it_does_to_streaming_ones(
    version: ExchangeVersion, backup_type: BackupType
) -> None:
    group = server(database("Mailbox Store", storage_group="First"), version=version)
    noted = backup_type is BackupType.FULL
    findings = check_exchange(all_of(group, backup_type))
    assert said(findings) == [("policy.streaming-mix", "First", False)] * noted


# ------------------------------------------------------------------ one at a time


@pytest.mark.parametrize("backup_type", [BackupType.COPY, BackupType.FULL])
def test_a_database_that_somebody_holds_in_backup_is_refused_with_who_it_is(backup_type: BackupType) -> None:
    (finding,) = judge(backup_type, in_backup_by="Windows Server Backup")
    assert said([finding]) == [("policy.database-in-backup", "DB01", True)]
    assert "Windows Server Backup" in finding.text
    assert "`Get-MailboxDatabase 'DB01' -Status" in finding.text


def test_a_member_of_a_group_that_somebody_holds_is_enough() -> None:
    databases = [
        database(name, storage_group="First", in_backup_by=by) for name, by in [("A", ""), ("B", "x")]
    ]
    assert said(check_exchange(all_of(server(*databases, version=E2007)))) == [
        ("policy.database-in-backup", "B", True)
    ]


DB01 = all_of(server(database("DB01")))
GROUP = all_of(server(database("A", storage_group="First"), version=E2003))
OLD_SQL = Selection((TABLES,), GROUP.survey)
UNKNOWN = Selection((component("DB01"),), server())


@pytest.mark.parametrize(
    ("selection", "use", "codes"),
    [
        (DB01, HostUse("run-1", creating=True, databases=("DB02",)), ["policy.host-busy"]),
        (DB01, HostUse("run-1", creating=False, databases=("DB02",)), []),
        (DB01, HostUse("run-1", creating=False, databases=("db01",)), ["policy.database-in-backup"]),
        (
            DB01,
            HostUse("run-1", creating=True, databases=("DB01",)),
            ["policy.host-busy", "policy.database-in-backup"],
        ),
        (GROUP, HostUse("run-1", creating=False, databases=("Second",)), ["policy.host-busy"]),
        (GROUP, HostUse("run-1", creating=True, databases=("Second",)), ["policy.host-busy"]),
        (OLD_SQL, HostUse("run-1", creating=False, databases=("First",)), []),
        (UNKNOWN, HostUse("run-1", creating=False, databases=("DB01",)), ["policy.database-in-backup"]),
    ],
)
def test_a_set_of_ours_on_the_same_host_is_in_the_way_or_not(
    selection: Selection, use: HostUse, codes: list[str]
) -> None:
    findings = check_host_free("mail-1", selection, [use])
    assert [one.code for one in findings] == codes
    assert all(one.fatal and "run-1" in one.text for one in findings)
    assert check_host_free("mail-1", selection, []) == ()


# ------------------------------------------------------------------ commands


@pytest.mark.parametrize(
    ("task", "version", "step"),
    [
        (Task.MOUNT, E2003, "In Exchange System Manager, mount the store 'DB''s'."),
        (Task.MOUNT, E2007, r"`Mount-Database 'SG1\DB''s'`."),
        (Task.MOUNT, E2016, "`Mount-Database 'DB''s'`."),
        (Task.COPY_STATUS, E2003, ""),
        (Task.COPY_STATUS, E2007, "`Get-StorageGroupCopyStatus 'SG1'`."),
        (Task.BACKUP_STATUS, E2003, "`vssadmin list writers`."),
    ],
)
def test_the_next_step_is_that_of_the_version_with_names_taken_literally(
    task: Task, version: ExchangeVersion, step: str
) -> None:
    group = "SG1" if version.by_storage_group else ""
    assert next_step(task, version, database("DB's", storage_group=group)) == step


@pytest.mark.parametrize("version", ExchangeVersion)
def test_circular_logging_is_turned_off_for_a_group_or_a_database(version: ExchangeVersion) -> None:
    group = "SG1" if version.by_storage_group else ""
    step = next_step(Task.CIRCULAR_LOGGING_OFF, version, database("DB01", storage_group=group))
    assert ("'SG1'" if group else "'DB01'") in step
    assert ("Set-StorageGroup" in step) is (version is E2007)
