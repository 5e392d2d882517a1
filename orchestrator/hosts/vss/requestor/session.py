"""One requestor session: one IVssBackupComponents, and what is owed to it before it may be let go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from orchestrator.hosts.vss.com.errors import E_NOTIMPL, ComError
from orchestrator.hosts.vss.com.pointer import ComPointer
from orchestrator.hosts.vss.com.runtime import Runtime
from orchestrator.hosts.vss.requestor.failures import at
from orchestrator.hosts.vss.requestor.metadata import VssComponent, WriterMetadata
from orchestrator.hosts.vss.requestor.waiting import Pacing, finish


@dataclass(slots=True)
class Session:
    """A session, from its object's making to its release. Serves one set; another try is another session.

    Belongs to one COM thread. Whoever opens one calls `close`, whatever happened.

    Attributes:
        components: the object.
        newer: the same by its interface of Windows 7 and later; None where it has none.
        session_id: VSS's own where it tells, one of ours elsewhere.
        pacing: the thread's clock.
        stopped: whether somebody has given the set up.
        writers: what gathering metadata found.
        unreadable: how many writers' metadata could not be read.
        selected: what was added to the document, with the writers that own it.
        set_id: VSS's id of the set, once started.
        owes_metadata: VSS keeps the writers' metadata for us.
        owes_abort: the writers think that a backup is under way. Exchange would let no other begin until its
            service restarts (KB 910250), so it is aborted before the release.
        cleanup_failures: calls of the cleanup that failed; it went on nevertheless.
    """

    components: ComPointer
    newer: ComPointer | None
    session_id: str
    pacing: Pacing
    stopped: Callable[[], bool]
    writers: tuple[WriterMetadata, ...] = ()
    unreadable: int = 0
    selected: tuple[tuple[WriterMetadata, VssComponent], ...] = ()
    set_id: UUID | None = None
    owes_abort: bool = False
    owes_metadata: bool = False
    cleanup_failures: list[ComError] = field(default_factory=list)

    @classmethod
    def open(cls, runtime: Runtime, pacing: Pacing, stopped: Callable[[], bool]) -> Session:
        """Make the object, ready for a backup (rows 1 and 2 of a set's sequence).

        Raises:
            VssFailure: `host.vss-denied` without the rights, and whatever else VSS says.
        """
        with at("CreateVssBackupComponents"):
            components = ComPointer(runtime, "IVssBackupComponents", runtime.create_backup_components())
        newer = None
        try:
            with at("InitializeForBackup"):
                components.call("InitializeForBackup", None)
                newer = components.query("IVssBackupComponentsEx3")
            with at("GetSessionId"):
                return cls(components, newer, _session_id(newer), pacing, stopped)
        except BaseException:
            if newer is not None:
                newer.release()
            components.release()
            raise

    def do(self, step: str, *inputs: object, until_s: float) -> None:
        """Start an operation and wait for its good end.

        Raises:
            VssFailure: see `finish`.
        """
        with at(step):
            operation = self.components.call(step, *inputs)
        finish(operation, step, until_s=until_s, pacing=self.pacing, stopped=self.stopped)

    def close(self) -> None:
        """Give back all that is owed, in this order: the backup, the metadata, the objects. Never raises."""
        if self.components.released:
            return
        if self.owes_abort:
            self.owes_abort = False
            self._try("AbortBackup")
        if self.owes_metadata:
            self._try("FreeWriterMetadata")
        if self.newer is not None:
            self.newer.release()
        self.components.release()

    def _try(self, call: str) -> None:
        try:
            self.components.call(call)
        except ComError as error:
            self.cleanup_failures.append(error)


def _session_id(newer: ComPointer | None) -> str:
    try:
        if newer is not None:
            return str(newer.call("GetSessionId"))
    except ComError as error:
        if error.hresult != E_NOTIMPL:
            raise
    return str(uuid4())
