"""How the selected writers fare, asked inside the session; outside of one their states mean nothing.

Writers that own no selected component are not looked at: they may fail as they like.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.hosts.vss.com.errors import E_NOTIMPL, ComError
from orchestrator.hosts.vss.com.pointer import ComPointer
from orchestrator.hosts.vss.requestor.failures import VssFailure, at, failure, named
from orchestrator.hosts.vss.requestor.session import Session
from orchestrator.model.hosts import WriterReport, WriterState

VSS_E_WRITERERROR_NONRETRYABLE: Final = 0x800423F4
VSS_E_WRITER_NOT_RESPONDING: Final = 0x80042319
# After PrepareForBackup, and before DoSnapshotSet (VSS, "Determining writer status").
PREPARED: Final = frozenset({WriterState.STABLE, WriterState.WAITING_FOR_FREEZE})


@dataclass(frozen=True, slots=True)
class WriterStatus:
    """One writer instance's state.

    Attributes:
        instance_id: of the writer.
        name: of the writer.
        state: UNKNOWN for a number that we do not know.
        failure: HRESULT; 0 is success.
        application: the writer's own further HRESULT, 0 if it gave none.
        message: its own words, empty if it gave none.
        components: names of its components that failed.
    """

    instance_id: str
    name: str
    state: WriterState
    failure: int
    application: int = 0
    message: str = ""
    components: tuple[str, ...] = ()

    def report(self, session_id: str) -> WriterReport:
        """Return it as what the engine judges; a failure of the writer's own is one, too."""
        failed = self.failure or self.application
        return WriterReport(self.instance_id, session_id, self.state, failed, self.components)


def gather(session: Session, until_s: float) -> tuple[WriterStatus, ...]:
    """Ask for the states of all writers (rows 14, 16, 23), and return those of the selected.

    Raises:
        VssFailure: they could not be asked.
    """
    session.do("GatherWriterStatus", until_s=until_s)
    wanted = {writer.instance_id for writer, _ in session.selected}
    try:
        with at("GetWriterStatus"):
            count = session.components.call("GetWriterStatusCount")
            everybody = [_status(session, index) for index in range(count)]
    finally:
        _free(session)
    failed = _failed_components(session, wanted)
    return tuple(
        WriterStatus(*facts, components=tuple(failed.get(facts[0], ())))
        for facts in everybody
        if facts[0] in wanted
    )


def demand_prepared(session: Session, found: tuple[WriterStatus, ...]) -> None:
    """See that every selected writer is ready for the freeze.

    Raises:
        VssFailure: `host.writer-failed`, one is missing, has failed, or is in another state.
    """
    for writer, _ in session.selected:
        status = next((one for one in found if one.instance_id == writer.instance_id), None)
        if status is None:
            raise failure("PrepareForBackup", VSS_E_WRITER_NOT_RESPONDING, subject=writer.name)
        failed = status.failure or status.application
        if failed or status.components or status.state not in PREPARED:
            what = f"it was {status.state.name} after PrepareForBackup: {_words(status)}"
            hresult = status.failure or VSS_E_WRITERERROR_NONRETRYABLE
            raise VssFailure("host.writer-failed", what, "PrepareForBackup", hresult, subject=writer.name)


def _words(status: WriterStatus) -> str:
    told = [named(status.failure)]
    told += [f"its own code {status.application:#010x}"] if status.application else []
    told += [f'"{status.message}"'] if status.message else []
    told += [f"failed: {', '.join(status.components)}"] if status.components else []
    return ", ".join(told)


def _status(session: Session, index: int) -> tuple[str, str, WriterState, int, int, str]:
    facts: tuple[Any, ...] | None = None
    if session.newer is not None:
        try:
            facts = session.newer.call("GetWriterStatusEx", index)
        except ComError as error:
            if error.hresult != E_NOTIMPL:
                raise
    if facts is None:
        facts = (*session.components.call("GetWriterStatus", index), 0, "")
    instance, _, name, state, failed, application, message = facts
    known = WriterState(state) if state in set(WriterState) else WriterState.UNKNOWN
    return str(instance), name, known, failed, application, message


def _free(session: Session) -> None:
    try:
        session.components.call("FreeWriterStatus")
    except ComError as error:
        session.cleanup_failures.append(error)


def _failed_components(session: Session, wanted: set[str]) -> Mapping[str, list[str]]:
    """Return the captions of components that their writers called failed, by instance."""
    found: dict[str, list[str]] = defaultdict(list)
    with at("GetWriterComponents"):
        for index in range(session.components.call("GetWriterComponentsCount")):
            with session.components.call("GetWriterComponents", index) as owned:
                instance, _ = owned.call("GetWriterInfo")
                if str(instance) in wanted:
                    found[str(instance)] += _failures(session, str(instance), owned)
    return found


def _failures(session: Session, instance_id: str, owned: ComPointer) -> Iterator[str]:
    for index in range(owned.call("GetComponentCount")):
        with owned.call("GetComponent", index) as component:
            if _has_failed(component):
                place = (component.call("GetLogicalPath"), component.call("GetComponentName"))
                yield _caption(session, instance_id, place)


def _has_failed(component: ComPointer) -> bool:
    newer = component.query("IVssComponentEx2")  # Windows 7 and later
    if newer is None:
        return False
    with newer:
        failed, application, _, _ = newer.call("GetFailure")
        return bool(failed or application)


def _caption(session: Session, instance_id: str, place: tuple[str, str]) -> str:
    for writer in session.writers:
        for one in writer.components:
            if writer.instance_id == instance_id and (one.logical_path, one.name) == place:
                return one.caption or one.name
    return place[1]
