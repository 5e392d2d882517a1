"""`quiesce lab array`, as other processes use it."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import click
import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.lab import lab
from orchestrator.errors import BadInput
from orchestrator.lab.emulators import array_emulator
from orchestrator.plugin import Provider
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.provider import FlashArrayProvider

KIND = "pure-flasharray"


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Serve arrays in a child process; yields it and its first announcement."""
    command = [sys.executable, "-m", "orchestrator", "lab", "array", KIND, *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def versions(announced: dict[str, Any]) -> list[str]:
    trust = ssl.create_default_context(cafile=announced["ca_file"])
    with urlopen(f"{announced['url']}/api/api_version", context=trust) as response:  # noqa: S310 - the lab said it
        found: list[str] = json.load(response)["version"]
        return found


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(lab, ["array", *arguments], standalone_mode=False)


@pytest.mark.journey
def test_one_line_says_all_that_another_process_needs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    options = ("--name", "fa1", "--array-volume", "db=2MiB", "--host-object", "h1", "--host-object", "h2")
    with served("--json", "--home", str(home), *options) as (process, array):
        assert {place.name for place in Path(array["fabric"]).iterdir()} == {"h1", "h2"}
        assert array["kind"] == KIND
        assert array["name"] == "fa1"
        assert set(array["credentials"]) == {"api_token"}
        assert array["control"]["url"] == f"{array['url']}/_lab"
        assert Path(array["lock"]) == home / "array-1" / "lock"
        (row,) = array["volumes"]
        assert (row["name"], row["size_bytes"]) == ("db", 2 << 20)
        assert Path(row["path"]).stat().st_size == 2 << 20
        assert row["lun_id"] == f"naa.624a9370{row['serial'].lower()}"
        assert versions(array)[-1] == "2.26"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stdout is not None
        assert process.stderr is not None
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


@pytest.mark.journey
def test_it_ends_with_the_process_that_started_it_and_leaves_nothing(tmp_path: Path) -> None:
    with served("--until-stdin-ends") as (process, array):
        home = Path(array["ca_file"]).parents[1]
        assert home.is_dir()
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0
        assert not home.exists()


@pytest.mark.journey
def test_several_arrays_share_a_process_and_nothing_else() -> None:
    with served("--json", "--count", "2", "--array-volume", "db=1MiB") as (process, first):
        assert process.stdout is not None
        second = json.loads(process.stdout.readline())
        assert [first["name"], second["name"]] == ["lab-1", "lab-2"]
        for key in ("url", "lock", "control", "credentials", "volumes"):
            assert first[key] != second[key]
        assert first["ca_file"] == second["ca_file"]
        assert versions(first) == versions(second)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_a_kind_that_nobody_offers_is_refused_in_json_and_in_words() -> None:
    in_json = asked("nobody", "--json")
    assert json.loads(in_json.stdout)["problem"]["code"] == "input.unknown-kind"
    in_words = asked("nobody")
    assert in_words.stdout == ""
    assert "quiesce plugins" in in_words.stderr
    assert in_json.return_value == in_words.return_value == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--array-volume", "db"], "NAME=SIZE"),
        (["--array-volume", "db=1MB"], "NAME=SIZE"),
        (["--array-volume", "d b=1MiB"], "Invalid name"),
        (["--array-volume", "db=1000"], "multiple of 512"),
        (["--home", str(Path(__file__).parent)], "not an empty folder"),
        (["--latency", "-1"], "-1"),
    ],
)
def test_what_makes_no_sense_is_refused(options: list[str], said: str) -> None:
    result = asked(KIND, *options)
    assert isinstance(result.exception, click.UsageError)
    assert said in result.exception.format_message()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = asked(KIND, "--port", str(taken.getsockname()[1]))
    assert isinstance(result.exception, click.UsageError)
    assert "address already in use" in result.exception.format_message()


def test_an_emulator_is_found_by_the_reference_of_its_provider() -> None:
    assert array_emulator(KIND, {KIND: FlashArrayProvider}) is FlashArrayEmulator


def test_a_provider_without_an_emulator_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FlashArrayProvider, "emulator", None)
    providers: dict[str, type[Provider]] = {KIND: FlashArrayProvider}
    with pytest.raises(BadInput, match="come without an emulator"):
        array_emulator(KIND, providers)
