"""The good run, call by call, and what is told of it."""

from __future__ import annotations

import hashlib

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.vss.provider.identities import SOFTWARE_PROVIDER
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, WriterState
from tests.orchestrator.hosts.vss.fake_devices import volume_name
from tests.orchestrator.hosts.vss.fake_vss import EXCHANGE, SESSION_ID, STORE
from tests.orchestrator.hosts.vss.vss_lab import CLONE, Lab

STATUS = ["GatherWriterStatus", "GetWriterStatusCount", "GetWriterStatusEx", "GetWriterStatusEx"]
COMPONENTS = ["GetWriterComponentsCount", "GetWriterComponents", "GetWriterComponents"]
WHOLE_RUN = [
    *("CreateVssBackupComponents", "InitializeForBackup", "QueryInterface", "GetSessionId", "SetContext"),
    *(
        "SetBackupState",
        "GatherWriterMetadata",
        "GetWriterMetadataCount",
        "GetWriterMetadata",
        "GetWriterMetadata",
    ),
    *("AddComponent", "StartSnapshotSet", "AddToSnapshotSet", "AddToSnapshotSet", "PrepareForBackup"),
    *(*STATUS, "FreeWriterStatus", *COMPONENTS),
    "DoSnapshotSet",
    *(*STATUS, "FreeWriterStatus", *COMPONENTS),
    *("SaveAsXML", "SetBackupSucceeded", "BackupComplete"),
    *(*STATUS, "FreeWriterStatus", *COMPONENTS),
    *("FreeWriterMetadata", "Release", "Release"),
]


def test_the_whole_run_is_made_of_the_right_calls_in_the_right_order() -> None:
    lab = Lab()
    plan = lab.plan()

    opened = lab.host.open(plan)
    froze = opened.freeze(5.0)
    release = opened.thaw()
    after = opened.writer_status()
    documents = opened.documents()
    done = opened.complete(succeeded=True)
    lab.no_leak()

    assert lab.runtime.calls == WHOLE_RUN
    assert [(one.instance_id, one.state) for one in froze.writers] == [
        (str(STORE), WriterState.WAITING_FOR_THAW)
    ]
    assert froze.frozen_at.not_after(froze.held_at)
    assert (release.hold_ended_by, release.set_status) == (HoldEnd.RELEASE, VSS_S_ASYNC_FINISHED)
    assert froze.held_at.not_after(release.released_at)
    assert release.released_at.not_after(release.thawed_at)
    assert release.hold_s <= release.frozen_s
    assert [(one.instance_id, one.state, one.failure) for one in after] == [(str(STORE), 5, 0)]
    assert {one.session_id for one in (*froze.writers, *after, *done.writers)} == {str(SESSION_ID)}
    assert [one.state for one in done.writers] == [WriterState.STABLE]
    assert [one.name for one in documents] == ["backup-components", f"writer-{STORE}"]
    assert documents[0].sha256 == hashlib.sha256(b"<BACKUP_COMPONENTS/>").hexdigest()


def test_what_vss_is_told_is_what_was_planned() -> None:
    lab = Lab()
    plan = lab.plan()
    opened = lab.host.open(plan)
    opened.freeze(5.0)
    opened.thaw()
    opened.complete(succeeded=True)
    said = lab.vss.arguments

    chosen = plan.components[0]
    assert said["InitializeForBackup"] == [("",)]
    assert said["SetContext"] == [(CLONE,)]
    assert said["SetBackupState"] == [(True, False, 5, False)]
    assert said["AddComponent"] == [(STORE, EXCHANGE, 2, chosen.logical_path, chosen.name)]
    assert said["AddToSnapshotSet"] == [(volume_name(one), SOFTWARE_PROVIDER) for one in "EF"]
    assert said["SetBackupSucceeded"] == [(STORE, EXCHANGE, 2, chosen.logical_path, chosen.name, True)]
    assert list(lab.relay.host_volumes) == [volume_name("E"), volume_name("F")]


def test_the_survey_tells_components_with_the_files_of_all_below_them() -> None:
    lab = Lab()
    survey = lab.host.survey()
    lab.no_leak()

    assert [one.name for one in survey.writers] == ["Microsoft Exchange Writer", "System Writer"]
    database = survey.components[0]
    assert (database.caption, database.selectable) == ("DB01", True)
    assert database.files == ("E:\\DB01\\DB01.edb", "F:\\DB01\\E00*.log", "F:\\DB01\\E00.chk")
    assert survey.components[1].files == ("E:\\DB01\\DB01.edb",)
    assert "AbortBackup" not in lab.runtime.calls


def test_one_writer_that_cannot_be_read_hides_no_other() -> None:
    lab = Lab()
    lab.system.unreadable = True
    assert [one.name for one in lab.host.survey().writers] == ["Microsoft Exchange Writer"]
    lab.no_leak()


def test_a_component_that_tells_nothing_of_itself_hides_no_other_writer() -> None:
    lab = Lab()
    lab.system.parts[0].without_info = True
    assert [one.name for one in lab.host.survey().writers] == ["Microsoft Exchange Writer"]
    lab.no_leak()


def test_a_second_completion_answers_the_same_and_refuses_another_outcome() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    opened.freeze(5.0)
    assert opened.thaw() == opened.thaw()
    assert opened.complete(succeeded=True) == opened.complete(succeeded=True)
    with pytest.raises(HostError, match="told succeeded=True before"):
        opened.complete(succeeded=False)
    with pytest.raises(HostError) as lost:
        opened.writer_status()
    assert lost.value.code == "host.session-lost"
    opened.abort()
    assert lab.runtime.calls.count("BackupComplete") == 1
    assert "AbortBackup" not in lab.runtime.calls
    lab.no_leak()


def test_a_failed_backup_is_reported_as_failed() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    opened.thaw()
    opened.complete(succeeded=False)
    assert lab.vss.arguments["SetBackupSucceeded"][0][-1] is False


def test_success_is_not_told_of_a_set_that_was_never_made() -> None:
    lab = Lab()
    opened = lab.host.open(lab.plan())
    assert opened.thaw().hold_ended_by is HoldEnd.NEVER_HELD
    with pytest.raises(HostError, match="no success"):
        opened.complete(succeeded=True)
    assert "SetBackupSucceeded" not in lab.runtime.calls
    opened.abort()


def test_a_component_that_wants_no_word_gets_none() -> None:
    lab = Lab()
    lab.exchange.parts[0].notify = False
    opened = lab.host.open(lab.plan())
    opened.freeze(5.0)
    opened.thaw()
    opened.complete(succeeded=True)
    assert "SetBackupSucceeded" not in lab.runtime.calls


def test_an_older_windows_is_asked_by_its_older_calls() -> None:
    lab = Lab()
    lab.vss.failing = {"QueryInterface": 0x80004002}
    opened = lab.host.open(lab.plan())
    opened.freeze(5.0)
    opened.thaw()
    (report,) = opened.writer_status()
    assert report.session_id == opened.session_id
    assert report.state is WriterState.WAITING_FOR_BACKUP_COMPLETE
    assert "GetWriterStatus" in lab.runtime.calls
    opened.complete(succeeded=True)
    lab.no_leak()


def test_the_newer_status_call_may_be_there_and_not_work() -> None:
    lab = Lab()
    lab.vss.failing = {"GetWriterStatusEx": 0x80004001, "GetSessionId": 0x80004001}
    opened = lab.host.open(lab.plan())
    assert opened.session_id != str(SESSION_ID)
    opened.abort()
    lab.no_leak()
