from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, Refused
from orchestrator.hosts.agent.identity_agent import AgentFolder, AgentIdentity
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_certificates import LIFE, RENEW_BEFORE, new_key
from orchestrator.hosts.agent.identity_files import read_key, write_key
from orchestrator.hosts.agent.identity_request import requested_key, signing_request
from orchestrator.lab.certificates import LabCertificates
from tests.orchestrator.hosts.agent.identities import NOW, agent_files

IDENTITY = AgentIdentity("a" * 16, "https://hub.corp:7443", "ex01.corp", "vss")


@pytest.fixture
def authority(tmp_path: Path) -> AgentAuthority:
    return AgentAuthority.load_or_make(tmp_path / "keys", "abc234", NOW)


@pytest.fixture
def folder(tmp_path: Path) -> AgentFolder:
    return AgentFolder(tmp_path / "agent")


def enrol(folder: AgentFolder, authority: AgentAuthority) -> None:
    key = requested_key(signing_request(folder.begin()))
    ca = authority.ca_file.read_text("ascii")
    folder.finish(IDENTITY, authority.admit(key, IDENTITY.agent_id, NOW), ca)


def unusable(folder: AgentFolder) -> str:
    with pytest.raises(BadInput) as caught:
        folder.identity()
    assert caught.value.code == "agent.key-unusable"
    return caught.value.what


def test_an_agent_finds_again_who_it_is(folder: AgentFolder, authority: AgentAuthority) -> None:
    enrol(folder, authority)
    assert AgentFolder(folder.root).identity() == IDENTITY
    assert {path.stat().st_mode & 0o777 for path in folder.root.iterdir()} == {0o600}
    assert folder.root.stat().st_mode & 0o777 == 0o700


def test_the_key_is_the_same_at_the_next_try(folder: AgentFolder) -> None:
    first = folder.begin().public_key()
    assert folder.begin().public_key() == first
    with pytest.raises(BadInput) as caught:
        folder.identity()
    assert caught.value.code == "agent.not-enrolled"


def test_who_is_enrolled_does_not_enrol_again(folder: AgentFolder, authority: AgentAuthority) -> None:
    enrol(folder, authority)
    before = {path: path.read_bytes() for path in folder.root.iterdir()}
    other = agent_files(folder.root.parent / "other", authority, NOW)
    with pytest.raises(Refused) as caught:
        folder.begin()
    assert caught.value.code == "agent.already-enrolled"
    with pytest.raises(Refused):
        folder.adopt(other.key, other.certificate)
    assert {path: path.read_bytes() for path in folder.root.iterdir()} == before


@pytest.mark.parametrize("mode", [0o640, 0o644])
def test_a_key_that_others_may_read_is_refused(
    folder: AgentFolder, authority: AgentAuthority, mode: int
) -> None:
    enrol(folder, authority)
    folder.tls_files.key.chmod(mode)
    assert "others" in unusable(folder)


def test_a_key_that_was_exchanged_is_noticed(folder: AgentFolder, authority: AgentAuthority) -> None:
    enrol(folder, authority)
    write_key(folder.tls_files.key, new_key())
    assert "another key" in unusable(folder)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"agent_id": 1}'])
def test_a_damaged_identity_is_refused(folder: AgentFolder, authority: AgentAuthority, content: str) -> None:
    enrol(folder, authority)
    (folder.root / "identity.json").write_text(content)
    assert "does not say" in unusable(folder)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file" / "agent", tmp_path / "file"):
        with pytest.raises(BadInput) as caught:
            AgentFolder(root).begin()
        assert caught.value.code == "agent.key-unusable"


def test_a_certificate_of_a_company_is_adopted_with_its_key_alone(
    folder: AgentFolder, authority: AgentAuthority, tmp_path: Path
) -> None:
    company = agent_files(tmp_path / "company", authority, NOW)
    other = agent_files(tmp_path / "other", authority, NOW)
    with pytest.raises(BadInput, match="another key"):
        folder.adopt(other.key, company.certificate)
    assert not folder.root.exists()
    assert folder.adopt(company.key, company.certificate).public_key() == read_key(company.key).public_key()
    assert folder.tls_files.key.read_bytes() == company.key.read_bytes()


def test_renewal_is_due_when_a_third_is_left(folder: AgentFolder, authority: AgentAuthority) -> None:
    enrol(folder, authority)
    due = NOW + LIFE - RENEW_BEFORE
    assert not folder.renewal_is_due(due - timedelta(seconds=1))
    assert folder.renewal_is_due(due)
    key = requested_key(signing_request(folder.begin_renewal()))
    folder.renewed(authority.admit(key, IDENTITY.agent_id, due))
    assert not folder.renewal_is_due(due)
    assert folder.identity() == IDENTITY


def test_a_certificate_of_a_company_is_never_due(folder: AgentFolder, tmp_path: Path) -> None:
    lab = LabCertificates.make(tmp_path / "lab")
    folder.begin()
    folder.tls_files.certificate.write_bytes(lab.ca_file.read_bytes())  # any that we did not issue
    assert not folder.renewal_is_due(NOW + timedelta(days=100_000))


def test_a_key_that_is_a_pipe_is_refused_and_not_waited_for(folder: AgentFolder) -> None:
    folder.begin()
    folder.tls_files.key.unlink()
    os.mkfifo(folder.tls_files.key, 0o600)
    with pytest.raises(BadInput) as caught:
        folder.fingerprint()
    assert caught.value.code == "agent.key-unusable"
