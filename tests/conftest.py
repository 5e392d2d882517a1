"""What holds for every test.

No call of ours blocks an event loop; no socket leaves loopback (pytest's settings say which hosts); in CI no
test is skipped because something is missing; and time is virtual for those that ask for it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache
from typing import Final, TypeVar

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

from tests.fuzzing import EXAMPLES
from tests.virtual_time import VirtualClock, VirtualTimeLoop

EXAMPLE_S: Final = 0.03  # ten times what the slowest fuzz test takes for an input on an idle machine

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# Reasons of skips that mean that the machine lacks something: ours, and pytest.importorskip's.
MISSING: Final = ("missing:", "could not import")

# How long an example takes says more about the machine than about the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.fixture(scope="session", autouse=True)
def no_blocking_call_in_the_loop() -> Iterator[None]:
    """Make a call that would block the event loop raise, when our code is anywhere on the stack."""
    with blockbuster_ctx(["orchestrator", "providers"]):
        yield


@pytest.fixture
def needs_program() -> Callable[[str], str]:
    """Return a function that finds a program or skips the test: `needs_program("openssl")`."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"missing: {name}")
        return path

    return find


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests of real parts more time, and those with many inputs as much as these want.

    How long a disk takes to flush is not for us to say.
    """
    for item in items:
        if item.get_closest_marker("timeout"):
            continue
        if item.get_closest_marker("real"):
            item.add_marker(pytest.mark.timeout(60))
        elif item.get_closest_marker("many"):
            item.add_marker(pytest.mark.timeout(max(60.0, EXAMPLES * EXAMPLE_S)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let tests of real parts mount where no other process sees it; before any fixture mounts something.

    A guest agent thaws whatever its own namespace shows it, a neighbour's file systems among them.
    """
    if item.get_closest_marker("real") and os.geteuid() == 0:
        _leave_common_mounts_once()


@cache
def _leave_common_mounts_once() -> None:
    from orchestrator.lab.real.namespace import leave_common_mounts

    leave_common_mounts()


@pytest.fixture
def virtual_clock() -> VirtualClock:
    """The clock for a test that is marked `virtual_time`."""
    return VirtualClock()


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a marked test the loop whose clock jumps, and any other a real one."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hold a test's report against the rule of `_nothing_is_missing_in_ci`."""
    return _nothing_is_missing_in_ci((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Hold a whole file's report against the same rule."""
    return _nothing_is_missing_in_ci((yield))


def _nothing_is_missing_in_ci(report: Report) -> Report:
    """Turn the skip of a test into a failure where CI should have had what the test needs."""
    if os.environ.get("CI") == "true" and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith(MISSING):
            report.outcome = "failed"
            report.longrepr = f"nothing may be missing in CI: {reason}"
    return report
