"""The calls of one set in their order, one function a step. Each runs on the set's COM thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from orchestrator.errors import HostError, Refused
from orchestrator.hosts.vss.com.errors import ComError
from orchestrator.hosts.vss.requestor.failures import (
    VSS_E_SNAPSHOT_SET_IN_PROGRESS,
    VSS_E_UNSUPPORTED_CONTEXT,
    VssFailure,
    at,
)
from orchestrator.hosts.vss.requestor.metadata import VssComponent, WriterMetadata, find, read_writer
from orchestrator.hosts.vss.requestor.plan import PlannedSet
from orchestrator.hosts.vss.requestor.session import Session

# Attributes of a shadow copy (VSS_VOLUME_SNAPSHOT_ATTRIBUTES, vss.h).
NO_WRITERS: Final = 0x10
TRANSPORTABLE: Final = 0x20
TECHNIQUES: Final = 0x20000 | 0x40000  # differential, plex
IN_PROGRESS_PAUSE_S: Final = 5.0  # as restic waits between its tries


def demand_writers(context: int) -> None:
    """See that writers take part (R4).

    Raises:
        Refused: `policy.no-writers-context`.
    """
    if context & NO_WRITERS:
        what = "no writer would take part in a set of this context"
        raise Refused("policy.no-writers-context", what, subject=f"context {context:#x}")


def contexts(context: int) -> tuple[int, ...]:
    """Return the contexts to try: as asked, any technique, and not transportable. Writers take part in each.

    What is left out says how copies are made and where they may be taken by VSS, never what they are worth:
    VSS may have no provider for it (0x8004231B), while the array makes the copies in any case.
    """
    demand_writers(context)
    return tuple(dict.fromkeys((context, context & ~TECHNIQUES, context & ~TECHNIQUES & ~TRANSPORTABLE)))


def is_unsupported_context(error: VssFailure) -> bool:
    """Tell whether a weaker context, in a new session, might do."""
    return error.hresult == VSS_E_UNSUPPORTED_CONTEXT


def set_up(session: Session, context: int, backup_type: int) -> None:
    """Say what kind of backup it will be (rows 3 and 4): by components, no system state, no partial files."""
    demand_writers(context)
    with at("SetContext", f"context {context:#x}"):
        session.components.call("SetContext", context)
    with at("SetBackupState"):
        session.components.call("SetBackupState", True, False, backup_type, False)


def gather_metadata(session: Session, until_s: float) -> None:
    """Ask every writer what it has (rows 6 and 7). One that cannot be read is left out, and counted."""
    session.owes_metadata = True
    session.do("GatherWriterMetadata", until_s=until_s)
    with at("GetWriterMetadataCount"):
        count = session.components.call("GetWriterMetadataCount")
    found: list[WriterMetadata] = []
    session.unreadable = 0
    for index in range(count):
        try:
            _, examined = session.components.call("GetWriterMetadata", index)
            with examined:
                found.append(read_writer(examined))
        except ComError:
            session.unreadable += 1
    session.writers = tuple(found)


def select(session: Session, plan: PlannedSet) -> None:
    """Add the components of a plan to the document (row 9).

    Raises:
        HostError: `host.writer-missing`, `host.component-missing`; the host is not what it was when surveyed.
    """
    session.selected = tuple(_selected(session, plan))
    for writer, component in session.selected:
        with at("AddComponent", component.caption or component.name):
            session.components.call("AddComponent", *_key(writer), *_place(component))


def start(session: Session, until_s: float) -> UUID:
    """Start the set (row 10), after another one in creation on this host; return VSS's id of it."""
    while True:
        try:
            with at("StartSnapshotSet"):
                session.set_id = session.components.call("StartSnapshotSet")
        except VssFailure as error:
            busy = error.hresult == VSS_E_SNAPSHOT_SET_IN_PROGRESS
            if not busy or session.stopped() or session.pacing.now() + IN_PROGRESS_PAUSE_S > until_s:
                raise
            session.pacing.pause(IN_PROGRESS_PAUSE_S)
        else:
            assert session.set_id is not None  # noqa: S101 - just set
            return session.set_id


def add_volumes(session: Session, host_volumes: Iterable[str], provider_id: UUID) -> None:
    """Add host volumes to the set (row 11), each for our VSS provider: no other one would tell us to cut."""
    for volume in host_volumes:
        with at("AddToSnapshotSet", volume):
            session.components.call("AddToSnapshotSet", volume.rstrip("\\") + "\\", provider_id)


def prepare(session: Session, until_s: float) -> None:
    """Tell the writers that a backup begins (row 13). From here on they wait to hear of its end."""
    session.owes_abort = True
    session.do("PrepareForBackup", until_s=until_s)


def create(session: Session, until_s: float) -> None:
    """Make the set (row 15): freeze, hold, cut, release and thaw all happen in here."""
    session.do("DoSnapshotSet", until_s=until_s)


def document(session: Session) -> str:
    """Return the Backup Components Document (row 18); writers still edit it until the set is made."""
    with at("SaveAsXML"):
        text: str = session.components.call("SaveAsXML")
    return text


def tell_success(session: Session, *, succeeded: bool) -> None:
    """Say of each selected component whether its backup succeeded, where the writer wants it (row 21)."""
    for writer, component in session.selected:
        if component.notify:
            with at("SetBackupSucceeded", component.caption or component.name):
                call = session.components.call
                call("SetBackupSucceeded", *_key(writer), *_place(component), succeeded)


def complete(session: Session, until_s: float) -> None:
    """Tell the writers that the backup is over (row 22). Not to be repeated on this object."""
    session.do("BackupComplete", until_s=until_s)
    session.owes_abort = False


def _selected(session: Session, plan: PlannedSet) -> Iterable[tuple[WriterMetadata, VssComponent]]:
    for planned in plan.writers:
        if find(session.writers, planned.instance_id) is None:
            raise _writer_missing(planned.name, session)
    for wanted in plan.components:
        writer = find(session.writers, wanted.instance_id)
        if writer is None:
            raise _writer_missing(wanted.caption or wanted.name, session)
        found = [one for one in writer.components if _same(one, wanted.logical_path, wanted.name)]
        if not found or not found[0].selectable:
            why = "cannot be selected by itself" if found else "is not among the writer's components any more"
            what = f"{wanted.logical_path}\\{wanted.name} {why}"
            raise HostError("host.component-missing", what, subject=wanted.caption or wanted.name)
        yield writer, found[0]


def _same(component: VssComponent, logical_path: str, name: str) -> bool:
    return (component.logical_path, component.name) == (logical_path, name)


def _writer_missing(subject: str, session: Session) -> HostError:
    also = f"; the metadata of {session.unreadable} could not be read" if session.unreadable else ""
    what = f"its writer is not among the {len(session.writers)} that answered{also}"
    return HostError("host.writer-missing", what, subject=subject)


def _key(writer: WriterMetadata) -> tuple[UUID, UUID]:
    return UUID(writer.instance_id), UUID(writer.writer_id)


def _place(component: VssComponent) -> tuple[int, str | None, str]:
    return component.kind, component.logical_path or None, component.name
