"""Certificates that the tests of all providers share."""

from __future__ import annotations

import pytest

from orchestrator.lab.certificates import LabCertificates


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    """The certificate of the array, and the authority that vouches for it."""
    return LabCertificates.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    """An authority that has nothing to do with the array."""
    return LabCertificates.make(tmp_path_factory.mktemp("other-ca"))
