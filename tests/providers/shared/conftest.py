"""A scripted array for the tests of the REST layer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orchestrator.lab.certificates import LabCertificates
from providers.shared.rest import RestArray
from tests.providers.shared.rest_server import ScriptedArray, connected, serving


@pytest.fixture
async def array(ca: LabCertificates) -> AsyncIterator[ScriptedArray]:
    """An array that says 200 until told otherwise."""
    async with serving(ca.server) as scripted:
        yield scripted


@pytest.fixture
async def rest(array: ScriptedArray, ca: LabCertificates) -> AsyncIterator[RestArray]:
    """That array, logged in to, both lanes proven; what it has counted so far is forgotten."""
    async with connected(array.port, ca.ca_file) as connection:
        array.requests.clear()
        array.sessions.clear()
        array.ways.clear()
        array.bodies.clear()
        yield connection
