"""One installation, used as its user would: by the command line, in processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from orchestrator.__main__ import main
from orchestrator.config.state_folder import StateFolder
from orchestrator.evidence import Claim, EvidenceChain, PublicKey, Record, read_record
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Arrays, Endpoint, Hosts, RegisteredArray, RegisteredHost
from orchestrator.registry.sets import RecordedSet, Sets
from tests.journeys.lab import HOST, PROXY, Lab

END_S: Final = 50.0
REQUEST_LIFE_S: Final = 0.5  # emulators execute a request at once, or when a fault says so
SECRETS: Final = {
    "log-array": "LOG_ARRAY_TOKEN",
    "database-array": "DATABASE_ARRAY_TOKEN",
    HOST: "HOST_TOKEN",
}
DOCUMENT: Final = frozenset({"schema", "ok", "exit_status", "retryable"})


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
        assert len(self.out.splitlines()) == 1, self.out + self.err
        document: dict[str, Any] = json.loads(self.out)
        assert document["exit_status"] == self.status
        assert document["ok"] is (self.status == 0)
        assert set(document) in ({*DOCUMENT, "result"}, {*DOCUMENT, "problem"})
        return document

    @property
    def result(self) -> dict[str, Any]:
        """What a command that found something out has to say."""
        result: dict[str, Any] = self.document["result"]
        return result

    @property
    def problem(self) -> dict[str, Any]:
        """What a command that failed has to say."""
        problem: dict[str, Any] = self.document["problem"]
        return problem


@dataclass
class Home:
    """One installation's state folder, and the secrets of its user's environment."""

    folder: Path
    lab: Lab
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = StateFolder(self.folder)
        self.state.prepare()
        tokens = {name: array.api_token for name, array in self.lab.arrays.items()}
        self.secrets = {SECRETS[name]: token for name, token in {**tokens, HOST: self.lab.host.token}.items()}

    # ---------------------------------------------------------------- commands

    def quiesce(self, *arguments: str | Path, **environment: str) -> Ended:
        """Run a command to its end."""
        with self.started(*arguments, **environment) as process:
            end = ended(process)
        assert not [secret for secret in self.secrets.values() if secret in end.out + end.err]
        return end

    def secrets_on_disk(self) -> list[Path]:
        """Return the files of the installation that hold one of its secrets."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        secrets = [secret.encode() for secret in self.secrets.values()]
        return [path for path in files if any(secret in path.read_bytes() for secret in secrets)]

    def quiesce_here(self, *arguments: str | Path) -> Ended:
        """Run a command in this process."""
        return in_this_process(arguments, {**self.secrets, "QUIESCE_HOME": str(self.folder)})

    @contextmanager
    def started(self, *arguments: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command; it is killed with the block if it has not ended."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("QUIESCE_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that nothing of it can be left behind unseen
            env={**inherited, **self.secrets, "QUIESCE_HOME": str(self.folder), **environment},
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def job(self, name: str = "nightly", *, budgets: Mapping[str, float] | None = None, **keys: Any) -> Path:
        """Write a job file for both databases, with changes. What fails is not tried again, for minutes."""
        keys = {"name": name, "host": HOST, "databases": ["DB01", "DB02"], **keys}
        keys.setdefault("attempts", 1)
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        lines += ["[budgets]", *(f"{key} = {value}" for key, value in (budgets or {}).items())]
        path = self.folder / f"{name}.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    # ---------------------------------------------------------------- what is on record

    @property
    def database(self) -> Database:
        """The registry's database."""
        return Database(self.state.database)

    def sets(self) -> dict[str, RecordedSet]:
        """Return the sets on record by their ids."""
        return {each.set_id: each for each in Sets(self.database).list()}

    def records(self, job: str = "nightly") -> list[Record[Claim]]:
        """Return the signed records of a job, after the whole chain has been verified with the lab's key."""
        chain = EvidenceChain.of_job(self.state.evidence, job)
        if chain.files():
            chain.verify(PublicKey.from_file(self.public_key))
        return [read_record(path.read_bytes()) for path in chain.files()]

    def claims(self, job: str = "nightly") -> list[str]:
        """Return what kinds of claims a job's records make, in order."""
        return [type(record.claim).__name__ for record in self.records(job)]

    @property
    def public_key(self) -> Path:
        """The lab's public key."""
        return self.state.keys / "lab.pub"

    # ---------------------------------------------------------------- registration

    def register(self) -> None:
        """Register the lab's parts."""
        for name in self.lab.arrays:
            self.register_array(name)
        host = self.lab.host
        endpoint = _endpoint(HOST, "emulated-exchange", host.url)
        Hosts(self.database).add(
            RegisteredHost(**endpoint, host_id=host.host_id, host_name=HOST.upper(), added_at=_now())
        )

    def register_array(self, name: str, **changes: Any) -> None:
        """Register one of the lab's arrays, with changes."""
        array = self.lab.arrays[name]
        endpoint = {
            **_endpoint(name, "pure-flasharray", array.url),
            "ca_file": array.ca_file,
            "settings": {
                "request_life_s": str(REQUEST_LIFE_S),
                "present_to": PROXY,
                "device_folder": str(array.fabric / PROXY),
            },
        }
        array_id = array.ask("GET", "arrays")[0]["id"]
        registered = RegisteredArray(**endpoint, array_id=array_id, array_name=name, added_at=_now())
        Arrays(self.database).add(replace(registered, **changes))

    def forget_array(self, name: str) -> None:
        """Remove an array from the registry."""
        Arrays(self.database).remove(name)


def ended(process: subprocess.Popen[str], within_s: float = END_S) -> Ended:
    """Wait for a command's end."""
    out, err = process.communicate(timeout=within_s)
    return Ended(process.returncode, out, err)


def _endpoint(name: str, kind: str, url: str) -> dict[str, Any]:
    settings: dict[str, str] = {}
    endpoint = Endpoint(
        name=name, kind=kind, url=url, secret_ref=f"env:{SECRETS[name]}", ca_file=None, settings=settings
    )
    return {key: getattr(endpoint, key) for key in Endpoint.__dataclass_fields__}


def _now() -> datetime:
    return datetime.now(UTC)


def in_this_process(arguments: Iterable[str | Path], environment: Mapping[str, str]) -> Ended:
    """Give a command in this process: it says and does the same, and costs no start."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", ["quiesce", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        main()
    assert isinstance(end.value.code, int)
    return Ended(end.value.code, out.getvalue(), err.getvalue())
