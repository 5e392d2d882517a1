"""The guards of tests/conftest.py and of pytest's settings, each seen to fail a test that it must fail."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from tests.architecture.project import ROOT, run

SAMPLES: Final = """
import asyncio
import socket
import warnings

import pytest


# What a module of ours would do: the guard knows ours by the path of the file.
OURS = compile("import time\\ndef wait():\\n    time.sleep(0.001)", "ORCHESTRATOR/engine/a.py", "exec")
exec(OURS)


async def test_blocking_call_in_the_loop():
    wait()


async def test_blocking_call_in_a_thread():
    await asyncio.to_thread(wait)


def test_connection_to_the_world():
    with socket.socket() as sock:
        sock.connect(("0.0.0.0", 9))  # the one address outside loopback that leads nowhere but here


async def test_connection_to_the_world_from_the_loop():
    await asyncio.open_connection("0.0.0.0", 9)


async def test_connection_to_loopback():
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.close()
        await writer.wait_closed()


def test_warning():
    warnings.warn("deprecated", DeprecationWarning)


async def test_coroutine_never_awaited():
    asyncio.sleep(0)


def test_socket_left_open():
    socket.socket()


@pytest.mark.xfail(reason="a bug that is gone")
def test_expected_failure_that_passes():
    pass


@pytest.mark.timeout(0.05)
async def test_hang():
    await asyncio.Event().wait()


def test_skip_for_a_missing_program(needs_program):
    needs_program("no-such-program")


def test_skip_for_a_missing_package():
    pytest.importorskip("no_such_package")


def test_skip_for_a_reason_of_its_own():
    pytest.skip("root may do everything")


def test_program_that_is_there(needs_program):
    assert needs_program("sh").endswith("/sh")
"""

EXPECTED: Final = {
    "test_blocking_call_in_the_loop": "Blocking call to time.sleep",
    "test_blocking_call_in_a_thread": "passed",
    "test_connection_to_the_world": 'with host "0.0.0.0"',
    "test_connection_to_the_world_from_the_loop": 'with host "0.0.0.0"',
    "test_connection_to_loopback": "passed",
    "test_warning": "DeprecationWarning",
    "test_coroutine_never_awaited": "was never awaited",
    "test_socket_left_open": "unclosed <socket",
    "test_expected_failure_that_passes": "XPASS(strict)",
    "test_hang": "Timeout",
    "test_skip_for_a_missing_program": "nothing may be missing in CI: missing: no-such-program",
    "test_skip_for_a_missing_package": "nothing may be missing in CI: could not import",
    "test_skip_for_a_reason_of_its_own": "skipped",
    "test_program_that_is_there": "passed",
}

OUTSIDE_CI: Final = {
    "test_skip_for_a_missing_program": "skipped",
    "test_skip_for_a_missing_package": "skipped",
    "test_skip_for_a_reason_of_its_own": "skipped",
}


# The project's own settings and conftest, for a file that lies elsewhere.
PYTEST: Final = (
    *("-m", "pytest", "-c", "pyproject.toml", "--rootdir=."),
    *("-p", "tests.conftest", "-p", "no:cacheprovider"),
)


def outcomes(folder: Path, *arguments: str, ci: bool) -> Mapping[str, str]:
    """Run the samples and return how each ended, and why if it failed."""
    sample, report = folder / "test_samples.py", folder / "report.xml"
    sample.write_text(SAMPLES.replace("ORCHESTRATOR", str(ROOT / "orchestrator")), encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))}
    env |= {"CI": "true"} if ci else {}
    run("python", *PYTEST, f"--junitxml={report}", *arguments, sample, env=env)
    return {case.attrib["name"]: outcome(case) for case in ElementTree.parse(report).iter("testcase")}


def outcome(case: ElementTree.Element) -> str:
    for child in case:
        if child.tag == "skipped":
            return "skipped"
        if child.tag in {"failure", "error"}:
            return f"{child.attrib['message']}\n{child.text}"
    return "passed"


@pytest.fixture(scope="module")
def in_ci(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return how the samples end in CI."""
    return outcomes(tmp_path_factory.mktemp("ci"), ci=True)


@pytest.fixture(scope="module")
def outside_ci(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return how the samples that skip end on anybody's machine."""
    return outcomes(tmp_path_factory.mktemp("home"), "-k", "skip", ci=False)


@pytest.mark.parametrize("sample", EXPECTED)
def test_in_ci(in_ci: Mapping[str, str], sample: str) -> None:
    assert EXPECTED[sample] in in_ci[sample]


@pytest.mark.parametrize("sample", OUTSIDE_CI)
def test_on_a_machine_of_ones_own(outside_ci: Mapping[str, str], sample: str) -> None:
    assert outside_ci[sample] == OUTSIDE_CI[sample]


def test_no_sample_is_forgotten(in_ci: Mapping[str, str]) -> None:
    assert set(in_ci) == set(EXPECTED)
