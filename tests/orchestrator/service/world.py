"""An installation whose arrays and host are the engine's fakes: what they hold outlives their callers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from orchestrator.config.state_folder import StateFolder
from orchestrator.engine.progress import ignore
from orchestrator.engine.result import RunResult
from orchestrator.errors import ArrayError, HostError
from orchestrator.evidence import Claim, EvidenceChain, read_record, signing_key
from orchestrator.journal.entries import Entry, EntryKind
from orchestrator.journal.store import abandoned_journal, read_entries
from orchestrator.logs import WindowBuffer
from orchestrator.model.arrays import ArrayIdentity, Capabilities
from orchestrator.model.hosts import HostIdentity, HostLun
from orchestrator.plugin import ProviderContext
from orchestrator.registry.endpoints import RegisteredArray, RegisteredHost
from orchestrator.registry.plugins import Plugins
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.installation import Installation
from orchestrator.service.runs import run_job
from tests.orchestrator.engine.fake_array import Behaviour, FakeArray, Store
from tests.orchestrator.engine.fake_host import FakeHost, HostFault, HostState
from tests.orchestrator.engine.scene import a_job

LOGS: Final = "logs"
DATABASES: Final = "databases"
HOST: Final = "exch01"
REQUEST_LIFE_S: Final = 0.05


@dataclass
class World:
    """What is true of arrays and host, whoever asks.

    Attributes:
        silent: names of those that do not answer.
        connected: names of those whose callers have not been closed.
        impostor: one who answers at an address that was another's when it was registered.
        ids: of arrays whose registered name is not the one they had before.
    """

    stores: dict[str, Store] = field(default_factory=lambda: {LOGS: Store(), DATABASES: Store()})
    behaviours: dict[str, Behaviour] = field(
        default_factory=lambda: {name: Behaviour(latency_s=0.0) for name in (LOGS, DATABASES)}
    )
    host: HostState = field(default_factory=HostState)
    host_fault: HostFault = HostFault.NONE
    silent: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    host_latency_s: float = 0.0
    impostor: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def left(self) -> set[str]:
        """Return every live object of ours."""
        return {name for store in self.stores.values() for name in store.live()}

    def foreign_is_untouched(self) -> bool:
        """Tell whether nothing of somebody else's is gone."""
        return all(store.foreign == Store().foreign for store in self.stores.values())


class WorldArray(FakeArray):
    """A caller of one of the world's arrays."""

    world: ClassVar[World]
    capabilities: Capabilities = Capabilities(
        100, clock_precision_s=0.001, request_life_s=REQUEST_LIFE_S, atomic_cut=True, clones=True
    )

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        super().__init__(context, settings)
        self.store = self.world.stores[context.name]
        self.behaviour = self.world.behaviours[context.name]

    async def connect(self) -> None:
        await asyncio.sleep(self.behaviour.latency_s)
        if self.name in self.world.silent:
            raise ArrayError("array.unreachable", "no answer", subject=self.name)
        self.world.connected.add(self.name)

    async def close(self) -> None:
        self.world.connected.discard(self.name)

    async def identify(self) -> ArrayIdentity:
        if self.name == self.world.impostor:
            return ArrayIdentity("another", "another", "fake", "1", emulated=True)
        array_id = self.world.ids.get(self.name, self.identity.array_id)
        return replace(self.identity, array_id=array_id)


class WorldHost(FakeHost):
    """A caller of the world's host, whose database lies on the first array volumes of both arrays."""

    world: ClassVar[World]

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        super().__init__(context, settings)
        self.state, self.fault, self.latency_s = self.world.host, self.world.host_fault, 0.0
        self.luns = tuple(
            HostLun((f"naa.{name}{number}",)) for name in (LOGS, DATABASES) for number in (0, 1)
        )

    async def connect(self) -> None:
        await asyncio.sleep(self.world.host_latency_s)
        if HOST in self.world.silent:
            raise HostError("host.unreachable", "no answer", subject=self.name)
        self.world.connected.add(self.name)

    async def close(self) -> None:
        self.world.connected.discard(self.name)

    async def identify(self) -> HostIdentity:
        if self.name == self.world.impostor:
            return HostIdentity("another", "another", "fake", emulated=True)
        return self.identity


class Desk:
    """One installation on a world, and what tests do with it over and over."""

    def __init__(self, home: Path, world: World) -> None:
        self.world = world
        self.folder = StateFolder(home)
        self.folder.prepare()
        array = type("Array", (WorldArray,), {"world": world})
        host = type("Host", (WorldHost,), {"world": world})
        self.installation = Installation(self.folder, WindowBuffer(logging.NullHandler()))
        vars(self.installation)["plugins"] = Plugins({"fake": array}, {"fake": host}, (), (), ())

    def register(self) -> None:
        """Register host and arrays."""
        for name in (LOGS, DATABASES):
            known = FakeArray.named(name).identity
            endpoint = _endpoint(name)
            self.installation.arrays.add(
                RegisteredArray(**endpoint, array_id=known.array_id, array_name=name, added_at=_now())
            )
        self.installation.hosts.add(
            RegisteredHost(**_endpoint(HOST), host_id="host-id-1", host_name=HOST, added_at=_now())
        )

    def run(self, **job: Any) -> RunResult:
        """Run a job."""
        return run_job(self.installation, a_job(**job), ignore)

    def forget(self, result: RunResult) -> None:
        """Lose a set's row, as when the process died before it was written."""
        self.installation.sets.remove(result.set_name)

    # ---------------------------------------------------------------- what is on disk

    @cached_property
    def chain(self) -> EvidenceChain:
        """The records of the job."""
        return EvidenceChain.of_job(self.folder.evidence, "nightly")

    def claims(self) -> list[Claim]:
        """Return what the job's records claim, once the chain has been verified."""
        if self.chain.files():
            self.chain.verify(signing_key(self.folder.keys, emulated=True).public)
        return [read_record(path.read_bytes()).claim for path in self.chain.files()]

    def kinds_of_claims(self) -> list[str]:
        """Return the kinds of these claims."""
        return [type(claim).__name__ for claim in self.claims()]

    def row(self, result: RunResult) -> RecordedSet | None:
        """Return a set's row, if there is one."""
        return next((row for row in self.rows() if row.set_id == result.set_name), None)

    def rows(self) -> Sequence[RecordedSet]:
        """Return all rows."""
        return self.installation.sets.list()

    def journal(self, result: RunResult) -> Path:
        """Return the path of a run's journal."""
        return self.folder.journals / f"{result.set_name}.jsonl"

    def cut_journal_after(self, result: RunResult, last: EntryKind) -> None:
        """Take away what a run wrote after an entry, as if it had died there."""
        path = self.journal(result)
        lines = path.read_bytes().splitlines(keepends=True)
        kinds = [entry.kind for entry in read_entries(path)]
        path.write_bytes(b"".join(lines[: kinds.index(last) + 1]))

    def entries(self, result: RunResult) -> list[EntryKind]:
        """Return what a run's journal says happened."""
        return [entry.kind for entry in read_entries(self.journal(result))]

    def append(self, result: RunResult, kind: EntryKind) -> None:
        """Write one more entry."""
        with abandoned_journal(self.journal(result)) as journal:
            assert journal is not None
            journal.append(Entry(kind, _now()))


def _endpoint(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "fake",
        "url": f"fake://{name}",
        "secret_ref": "env:FAKE_SECRET",
        "ca_file": None,
        "settings": {},
    }


def _now() -> datetime:
    return datetime.now(UTC)
