"""This Windows host: what is there, and sets on it. Synchronous, and the standard library alone."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.vss.clock import read_clocks
from orchestrator.hosts.vss.com.runtime import Runtime
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.hosts.vss.requestor import steps
from orchestrator.hosts.vss.requestor.failures import VssFailure
from orchestrator.hosts.vss.requestor.metadata import WriterMetadata
from orchestrator.hosts.vss.requestor.plan import PlannedSet
from orchestrator.hosts.vss.requestor.session import Session
from orchestrator.hosts.vss.requestor.thread import ComThread
from orchestrator.hosts.vss.requestor.waiting import CANCEL_GRACE_S, Pacing
from orchestrator.hosts.vss.storage.devices import Devices
from orchestrator.hosts.vss.storage.survey import host_volumes, paths_of
from orchestrator.hosts.vss.vss_set import VssSet
from orchestrator.model.hosts import Component, HostVolume, Survey, WriterInstance

SURVEY_S: Final = 180.0  # writers of a large server take a minute


class VssHost:
    """This host.

    Args:
        runtime: the COM library.
        relay: the way to our VSS provider.
        devices: what answers about volumes and disks.
        pacing: the clock of COM threads.
    """

    def __init__(
        self, runtime: Runtime, relay: Relay, devices: Devices, pacing: Pacing | None = None
    ) -> None:
        self._runtime = runtime
        self._relay = relay
        self._devices = devices
        self._pacing = pacing or Pacing()

    @classmethod
    def of_this_machine(cls, relay: Relay) -> VssHost:
        """Return this machine.

        Raises:
            HostError: `host.not-windows`; it has no VSS, or none for a Python of this width.
        """
        if ctypes.sizeof(ctypes.c_void_p) != 8:
            raise HostError("host.not-windows", "this is a 32-bit Python, which VSS does not serve")
        if sys.platform == "win32":
            from orchestrator.hosts.vss.com.windows import WindowsRuntime
            from orchestrator.hosts.vss.storage.windows import WindowsDevices

            return cls(WindowsRuntime(), relay, WindowsDevices())
        raise HostError("host.not-windows", f"this machine runs {sys.platform}")

    def survey(self) -> Survey:
        """Read writers, components, host volumes and LUN identities. Changes nothing.

        Raises:
            HostError: VSS failed, or volumes cannot be listed (`host.survey-failed`).
        """
        there = self._host_volumes()
        thread = ComThread(self._runtime, "survey")
        try:
            metadata = thread.run(self._gathered, SURVEY_S + CANCEL_GRACE_S)
        finally:
            thread.end()
        instances = tuple(WriterInstance(one.writer_id, one.instance_id, one.name) for one in metadata)
        components = tuple(component for one in metadata for component in _components(one, there))
        return Survey(instances, components, there, read_clocks())

    def open(self, plan: PlannedSet) -> VssSet:
        """Start a session and a set, and prepare the writers. Every try is a session of its own.

        Raises:
            Refused: `policy.no-writers-context`.
            HostError: VSS or a writer failed, or the host is not what it was when surveyed.
        """
        there = self._host_volumes()
        *first, last = steps.contexts(plan.context)
        for context in first:
            try:
                return self._prepared(plan, context, there)
            except VssFailure as error:
                if not steps.is_unsupported_context(error):
                    raise
        return self._prepared(plan, last, there)

    def _prepared(self, plan: PlannedSet, context: int, there: tuple[HostVolume, ...]) -> VssSet:
        made = VssSet(self._runtime, self._relay, plan, self._pacing)
        made.prepare(context, there)
        return made

    def _host_volumes(self) -> tuple[HostVolume, ...]:
        try:
            return host_volumes(self._devices)
        except OSError as error:
            raise HostError("host.survey-failed", f"its volumes cannot be listed: {error}") from error

    def _gathered(self) -> tuple[WriterMetadata, ...]:
        session = Session.open(self._runtime, self._pacing, lambda: False)
        try:
            steps.gather_metadata(session, self._pacing.now() + SURVEY_S)
        finally:
            session.close()
        return session.writers


def _components(writer: WriterMetadata, there: tuple[HostVolume, ...]) -> list[Component]:
    """Return what a writer offers; each with the files of all that its selection includes."""
    return [
        Component(
            instance_id=writer.instance_id,
            logical_path=one.logical_path,
            name=one.name,
            caption=one.caption or one.name,
            selectable=one.selectable,
            files=paths_of(writer.files_of(one), there),
        )
        for one in writer.components
    ]
