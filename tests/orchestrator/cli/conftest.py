from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from orchestrator.__main__ import main
from orchestrator.logs import redaction
from tests.orchestrator.registry import fakes
from tests.orchestrator.registry.fakes import TOKEN, FakeArray, FakeHost, World, install, plugin


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        assert self.out.isascii()
        assert len(self.out.splitlines()) == 1
        document: dict[str, Any] = json.loads(self.out)
        assert document["exit_status"] == self.status
        assert document["ok"] is (self.status == 0)
        return document

    @property
    def result(self) -> dict[str, Any]:
        """What a command that found something out has to say."""
        result: dict[str, Any] = self.document["result"]
        return result

    @property
    def problem(self) -> dict[str, Any]:
        """What a command that failed has to say."""
        assert set(self.document) == {"schema", "ok", "exit_status", "problem", "retryable"}
        problem: dict[str, Any] = self.document["problem"]
        assert set(problem) == {"code", "what", "subject", "remedy", "notes"}
        return problem


Quiesce = Callable[..., Ended]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(fakes, "WORLD", World())
    return fakes.WORLD


@pytest.fixture
def quiesce(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Quiesce]:
    """The command line in this process, on an empty installation with the fake array and host."""
    monkeypatch.setenv("QUIESCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PEER_TOKEN", TOKEN)
    monkeypatch.setattr(redaction, "_known", {})
    install(monkeypatch, fake=plugin([FakeArray], [FakeHost]), acme=ImportError("acme is missing"))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*args: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["quiesce", *args])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert TOKEN not in captured.out + captured.err
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, captured.out, captured.err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


REFERENCE = "env:PEER_TOKEN"


@pytest.fixture
def add_array(quiesce: Quiesce) -> Quiesce:
    """`array add NAME`, with everything right unless given otherwise."""

    def add(name: str = "fa-01", *more: str, kind: str = "fake-array", secret: str = REFERENCE) -> Ended:
        url = "https://fa-01"
        return quiesce("array", "add", name, "--kind", kind, "--url", url, "--secret", secret, *more)

    return add


@pytest.fixture
def add_host(quiesce: Quiesce) -> Quiesce:
    """`host add NAME`, with everything right unless given otherwise."""

    def add(name: str = "EX01", *more: str, secret: str = REFERENCE) -> Ended:
        url = "https://ex01"
        return quiesce("host", "add", name, "--kind", "fake-host", "--url", url, "--secret", secret, *more)

    return add
