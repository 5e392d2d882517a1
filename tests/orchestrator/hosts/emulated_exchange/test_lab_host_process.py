"""`quiesce lab host` as a real process, and clients of it that really die."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from orchestrator.cli.lab_host import host as host_command
from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.coordinator import (
    EmulatedExchangeCoordinator,
    EmulatedExchangeSet,
    EmulatedExchangeSettings,
)
from orchestrator.hosts.emulated_exchange.protocol import SetKey
from orchestrator.lab.contents import verify_pair
from orchestrator.model.hosts import HoldEnd
from orchestrator.model.verification import Severity, Verdict
from orchestrator.plugin import ProviderContext, Secret
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import (
    DEAD_MAN_S,
    Disks,
    changes,
    open_set,
    passed,
)

pytestmark = pytest.mark.journey  # through a process of its own, or real waiting

PROJECT: Final = Path(__file__).parents[4]
COMMAND: Final = (sys.executable, "-c", "from orchestrator.cli.lab_host import host; host()")

# Freezes with a dead man's time of 0.3 s, says so, and waits to be killed.
CLIENT: Final = textwrap.dedent(
    """
    import asyncio, sys
    from tests.orchestrator.hosts.emulated_exchange.exchange_lab import open_set
    from tests.orchestrator.hosts.emulated_exchange.test_lab_host_process import coordinator_of

    async def main(url, token):
        coordinator = coordinator_of({"url": url, "credentials": {"token": token}})
        await coordinator.connect()
        await (await open_set(coordinator, "DB01", "DB02", set_id="orphan")).freeze(0.3)
        print("frozen", flush=True)
        await asyncio.Event().wait()

    asyncio.run(main(*sys.argv[1:]))
    """
)


@contextmanager
def lab_host(disks: Disks, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A host process and what it announced; killed at the end, in case it has not ended yet."""
    announced = disks.home / "arrays.json"  # two lines, as of two arrays
    announced.write_text("\n".join(json.dumps(one) for one in disks.announcements()), encoding="utf-8")
    process = subprocess.Popen(
        [*COMMAND, "emulated-exchange", "--array-json", str(announced), *options, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
        process.kill()


@pytest.fixture
def announced(disks: Disks) -> Iterator[dict[str, Any]]:
    with lab_host(disks) as (process, announcement):
        yield announcement
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


@pytest.fixture
async def coordinator(announced: dict[str, Any]) -> AsyncIterator[EmulatedExchangeCoordinator]:
    coordinator = coordinator_of(announced)
    await coordinator.connect()
    yield coordinator
    await coordinator.close()


def coordinator_of(announced: dict[str, Any]) -> EmulatedExchangeCoordinator:
    context = ProviderContext("exch01", announced["url"], Secret(announced["credentials"]["token"]))
    return EmulatedExchangeCoordinator(context, EmulatedExchangeSettings())


async def test_a_freeze_keeps_clones_in_order_however_far_apart_they_are_cut(
    announced: dict[str, Any], coordinator: EmulatedExchangeCoordinator, disks: Disks
) -> None:
    assert announced["host_id"] == (await coordinator.identify()).host_id
    assert {one["log"]["path"] for one in announced["databases"]} == {str(disks.log)}
    assert await changes(disks, 5.0)

    host_set = await open_set(coordinator, "DB01", "DB02")
    await host_set.freeze(DEAD_MAN_S)
    assert not await changes(disks, 0.03)
    verified = await asyncio.to_thread(disks.verified, 0.005)
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.RELEASE

    assert passed(verified), [each.findings for each in verified]
    assert await changes(disks, 5.0)


async def test_a_host_whose_client_was_killed_thaws_by_itself_and_says_so(
    announced: dict[str, Any], coordinator: EmulatedExchangeCoordinator, disks: Disks
) -> None:
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CLIENT,
        announced["url"],
        announced["credentials"]["token"],
        stdout=asyncio.subprocess.PIPE,
        cwd=PROJECT,
    )
    assert client.stdout is not None
    assert await client.stdout.readline() == b"frozen\n"
    client.kill()
    assert await client.wait() == -signal.SIGKILL

    assert await changes(disks, 5.0)

    report = await EmulatedExchangeSet(coordinator, SetKey("orphan", 7), "").thaw()
    assert report.hold_ended_by is HoldEnd.DEAD_MAN
    assert 0.3 <= report.frozen_s < 5.0
    await coordinator.recover("orphan", 7)


async def test_a_host_that_dies_while_frozen_is_gone(disks: Disks) -> None:
    with lab_host(disks, "--fault", "dies-while-frozen:0.01") as (process, announcement):
        coordinator = coordinator_of(announcement)
        await coordinator.connect()
        host_set = await open_set(coordinator)
        await host_set.freeze(DEAD_MAN_S)
        assert await asyncio.to_thread(process.wait, 5) == -signal.SIGKILL
        with pytest.raises(HostError) as caught:
            await host_set.thaw()
        await coordinator.close()
    assert caught.value.code in ("host.gone", "host.unreachable")


def test_a_host_that_is_killed_leaves_databases_that_can_be_recovered_or_say_that_they_cannot(
    disks: Disks,
) -> None:
    with lab_host(disks) as (process, _):
        assert asyncio.run(changes(disks, 5.0))
        process.kill()
        assert process.wait(5) == -signal.SIGKILL
    verified = verify_pair(disks.log, disks.database)
    assert [each.caption for each in verified] == ["DB01", "DB02"]
    for each in verified:
        errors = [finding for finding in each.findings if finding.severity is Severity.ERROR]
        assert each.verdict is Verdict.RECOVERABLE or errors


@pytest.mark.parametrize("exchange", ["2003", "2007", "2010"])
async def test_a_host_can_be_an_older_exchange_with_a_rotten_page(disks: Disks, exchange: str) -> None:
    with lab_host(disks, "--exchange", exchange, "--fault", "rot") as (_, announcement):
        coordinator = coordinator_of(announcement)
        await coordinator.connect()
        host_set = await open_set(coordinator, "DB01", "DB02")
        await host_set.freeze(DEAD_MAN_S)
        verified = await asyncio.to_thread(disks.verified, 0.005)
        await host_set.thaw()
        await coordinator.close()
    assert [each.verdict for each in verified] == [Verdict.DAMAGED, Verdict.RECOVERABLE]


def test_a_host_ends_when_whoever_started_it_is_gone(disks: Disks) -> None:
    with lab_host(disks, "--until-stdin-ends") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(5) == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["emulated-toaster"], "emulated-toaster"),
        (["emulated-exchange"], "arrays"),
        (["emulated-exchange", "--array-json", "/no/such/file"], "/no/such/file"),
        (["emulated-exchange", "--array-json", "/dev/null"], "/dev/null"),
        (["emulated-exchange", "--array-json", '{"credentials": {"api_token": "geheim"'], "inline JSON"),
        (["emulated-exchange", "--array-json", '{"kind": "x", "token": "geheim"}'], "array"),
        (["emulated-exchange", "--database", "DB01"], "DB01"),
        (["emulated-exchange", "--database", "DB01=a,b"], "a"),
        (["emulated-exchange", "--volumes", "[]", "--fault", "explodes"], "explodes"),
        (["emulated-exchange", "--volumes", "[]", "--fault", "clock-jumps:soon"], "faults.0.delay_s"),
        (["emulated-exchange", "--volumes", "[]", "--changes-per-s", "0"], "changes_per_s"),
        (["emulated-exchange", "--volumes", "[]", "--changes-per-log", "8"], "changes_per_log"),
        (["emulated-exchange", "--volumes", "[]", "--exchange", "5.5"], "exchange"),
        (["emulated-exchange", "--volumes", '[{"mount_point": "D:"}]'], "volumes.0.mount_point"),
    ],
)
def test_bad_input_is_named_and_leaks_nothing(arguments: list[str], named: str) -> None:
    result = CliRunner().invoke(host_command, [*arguments, "--json"])
    problem = json.loads(result.stdout)["problem"]
    assert result.exit_code == 2
    assert problem["subject"] == named
    assert problem["code"].startswith("input.")
    assert "geheim" not in result.output


def test_people_get_text(tmp_path: Path) -> None:
    result = CliRunner().invoke(host_command, ["emulated-exchange", "--array-json", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "input.bad-settings" in result.stderr
