"""Certificates that the tests of all providers share."""

from __future__ import annotations

import pytest

from tests.providers.certificates import TestCa, make_ca


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> TestCa:
    """The CA that the array's certificate comes from."""
    return make_ca(tmp_path_factory.mktemp("ca"), "trusted")


@pytest.fixture(scope="session")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> TestCa:
    """A CA that has nothing to do with the array."""
    return make_ca(tmp_path_factory.mktemp("other-ca"), "other")
