"""The lab's parts, registered in an installation for as long as they run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from orchestrator.journal.store import forget_journal
from orchestrator.registry.endpoints import RegisteredArray, RegisteredHost
from orchestrator.registry.probe import probe_array, probe_host
from orchestrator.service.installation import Installation


@dataclass(frozen=True, slots=True)
class Part:
    """How an array or a host of the lab is reached. It is registered under the name of its kind."""

    kind: str
    url: str
    settings: Mapping[str, str]

    @property
    def _endpoint(self) -> dict[str, Any]:
        return {
            **{"name": self.kind, "kind": self.kind, "url": self.url, "settings": self.settings},
            **{"secret_ref": "", "ca_file": None, "added_at": datetime.now(UTC)},
        }

    def as_array(self) -> RegisteredArray:
        """Return it as an array that nobody has met yet."""
        return RegisteredArray(**self._endpoint, array_id="", array_name="")

    def as_host(self) -> RegisteredHost:
        """Return it as a host that nobody has met yet."""
        return RegisteredHost(**self._endpoint, host_id="", host_name="")


@contextmanager
def registered(installation: Installation, array: Part, host: Part) -> Iterator[None]:
    """Register both for the length of the block: a run asks every array there is, and needs its answer.

    Raises:
        OrchestratorError: one of them did not answer.
    """
    with ExitStack() as stack:
        draft = array.as_array()
        met = asyncio.run(probe_array(draft.name, installation.connections.provider(draft))).identity
        installation.arrays.add(replace(draft, array_id=met.array_id, array_name=met.name))
        stack.callback(_forget_array, installation, draft.name)
        stranger = host.as_host()
        known = asyncio.run(probe_host(stranger.name, installation.connections.host(stranger))).identity
        installation.hosts.add(replace(stranger, host_id=known.host_id, host_name=known.name))
        stack.callback(installation.hosts.remove, stranger.name)
        yield


def _forget_array(installation: Installation, name: str) -> None:
    """Forget an array with all that lies on it, which is about to be taken away."""
    for recorded in installation.sets.list():
        forget_journal(installation.folder.journals, recorded.set_id)
        installation.sets.remove(recorded.set_id)
    installation.arrays.remove(name)
