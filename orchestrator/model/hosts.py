"""The host's side: writers, components, host volumes, LUNs, and what the host reports of a set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from orchestrator.model.exchange import ExchangeServer
from orchestrator.model.time import Reading

VSS_S_ASYNC_FINISHED: Final = 0x0004230A  # the one final status of DoSnapshotSet that means success


class WriterState(IntEnum):
    """VSS_WRITER_STATE, with the header's own numbers."""

    UNKNOWN = 0
    STABLE = 1
    WAITING_FOR_FREEZE = 2
    WAITING_FOR_THAW = 3
    WAITING_FOR_POST_SNAPSHOT = 4
    WAITING_FOR_BACKUP_COMPLETE = 5
    FAILED_AT_IDENTIFY = 6
    FAILED_AT_PREPARE_BACKUP = 7
    FAILED_AT_PREPARE_SNAPSHOT = 8
    FAILED_AT_FREEZE = 9
    FAILED_AT_THAW = 10
    FAILED_AT_POST_SNAPSHOT = 11
    FAILED_AT_BACKUP_COMPLETE = 12
    FAILED_AT_PRE_RESTORE = 13
    FAILED_AT_POST_RESTORE = 14
    FAILED_AT_BACKUPSHUTDOWN = 15


class DiskLayout(StrEnum):
    """How a host volume lies on its disks."""

    BASIC = "basic"
    DYNAMIC = "dynamic"
    STORAGE_SPACES = "storage-spaces"
    LVM = "lvm"


class HoldEnd(StrEnum):
    """What ended the hold on writes, by the host's own account."""

    RELEASE = "release"
    HOLD_LIMIT = "hold-limit"
    WRITER_LIMIT = "writer-limit"
    DEAD_MAN = "dead-man"
    ABORT = "abort"
    FOREIGN = "foreign"  # somebody else thawed what we had frozen
    UNPROVEN = "unproven"  # it has ended, but what ended it was lost
    NEVER_HELD = "never-held"


@dataclass(frozen=True, slots=True)
class WriterInstance:
    """One writer of one service: two instances may share a writer id (Exchange 2007 and 2010)."""

    writer_id: str
    instance_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Component:
    """What a writer offers for backup: one database with its logs, say.

    Attributes:
        instance_id: the writer instance that owns it; empty for a file system that no writer speaks for.
        logical_path: VSS logical path.
        name: VSS component name.
        caption: what people call it ("DB01").
        selectable: whether it may be selected by itself.
        files: full paths on the host.
    """

    instance_id: str
    logical_path: str
    name: str
    caption: str
    selectable: bool
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostLun:
    """A logical unit as the host sees it.

    Attributes:
        lun_ids: canonical forms of its association-0 designators ("naa.624a9370…"), best first.
    """

    lun_ids: tuple[str, ...]

    @property
    def lun_id(self) -> str:
        """The best of its identities."""
        return self.lun_ids[0]


@dataclass(frozen=True, slots=True)
class HostVolume:
    r"""A file system of the host.

    Attributes:
        name: the host's own unique name (a volume GUID path on Windows).
        mount_points: where paths of files begin ("E:\\").
        luns: every LUN behind it that the host could identify.
        layout: how it lies on them.
        complete: whether `luns` is known to be all there is.
    """

    name: str
    mount_points: tuple[str, ...]
    luns: tuple[HostLun, ...]
    layout: DiskLayout = DiskLayout.BASIC
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """What a host looks like before, and again after, a freeze.

    Attributes:
        writers: every writer instance that answered.
        components: what they offer.
        host_volumes: every file system.
        clock: the host's, read meanwhile.
        exchange: what Exchange says beyond that; None where there is none, or the host cannot ask it.
        cluster_nodes: names of the nodes of the cluster that owns the host's disks; empty if there is none.
    """

    writers: tuple[WriterInstance, ...]
    components: tuple[Component, ...]
    host_volumes: tuple[HostVolume, ...]
    clock: Reading
    exchange: ExchangeServer | None = None
    cluster_nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """Which host answered."""

    host_id: str
    name: str
    product: str
    emulated: bool


@dataclass(frozen=True, slots=True)
class WriterReport:
    """One writer instance's state, as gathered inside one requestor session.

    Attributes:
        failure: HRESULT; 0 is success.
        component_failures: captions of components that failed.
    """

    instance_id: str
    session_id: str
    state: WriterState
    failure: int = 0
    component_failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FreezeReport:
    """The host's word that writers are frozen and writes are held, on its own clock.

    Attributes:
        writers: one entry a selected writer instance; empty on a host without writers.
        frozen_at: from when writers may have stood still: read before the first of them was asked.
        held_at: from when every write was held.
        file_systems: how many file systems this freeze itself took hold of; 0 where writers did that.
    """

    writers: tuple[WriterReport, ...]
    frozen_at: Reading
    held_at: Reading
    file_systems: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """The host's word of how a hold ended, on its own clock.

    Attributes:
        hold_ended_by: what ended it.
        hold_s: how long writes were held.
        frozen_s: how long the writers were frozen.
        set_status: final HRESULT of the set's creation; 0 on a host without VSS.
        released_at: when writes flowed again.
        thawed_at: when the writers ran again.
        file_systems: how many file systems were still frozen when this release thawed them; None if the
            count was lost.
    """

    hold_ended_by: HoldEnd
    hold_s: float
    frozen_s: float
    set_status: int
    released_at: Reading
    thawed_at: Reading
    file_systems: int | None = 0


@dataclass(frozen=True, slots=True)
class LogRange:
    """Generations of one database's logs on the host, without the current one; None where there are none."""

    caption: str
    lowest: int | None
    highest: int | None

    def __str__(self) -> str:
        return "no logs" if self.lowest is None else f"logs {self.lowest:X} to {self.highest or 0:X} (hex)"


class LogsKept(StrEnum):
    """Why a database's logs were not truncated although a backup ended well."""

    NOT_ASKED = "not-asked"  # a copy or differential backup, or the backup was reported as failed
    NOTHING_TO_TRUNCATE = "nothing-to-truncate"  # recovery still needs every one (ESE event 225)
    DISMOUNTED = "dismounted"  # the database was not mounted all the time
    WRITER_RESTARTED = "writer-restarted"  # the service has forgotten that a backup was under way
    REPLAY_BEHIND = "replay-behind"  # a copy of the database has not replayed them yet
    NOT_TOLD = "not-told"  # the writers never heard how the backup ended
    UNKNOWN = "unknown"  # the host cannot tell


@dataclass(frozen=True, slots=True)
class LogTruncation:
    """What became of one database's logs when its writer was told how the backup ended.

    Attributes:
        before: the range right before the writer was told.
        after: the range afterwards.
        kept: why nothing was truncated; None if something was.
    """

    before: LogRange
    after: LogRange
    kept: LogsKept | None = None

    def __str__(self) -> str:
        if self.kept is None:
            return f"{self.before.caption}: {self.before} before, {self.after} now"
        return f"{self.before.caption}: {self.before}, kept: {self.kept}"


@dataclass(frozen=True, slots=True)
class CompletionReport:
    """The host's word of the end of a backup.

    Attributes:
        writers: their states after BackupComplete, inside the same session; empty on a host without writers.
        logs: one entry a selected database, where the host can tell.
    """

    writers: tuple[WriterReport, ...] = ()
    logs: tuple[LogTruncation, ...] = ()


class CheckStatus(StrEnum):
    """How one thing that a host was examined for turned out."""

    GOOD = "good"
    WARNING = "warning"  # a run may still succeed
    BAD = "bad"  # a run would fail
    UNKNOWN = "unknown"  # the host cannot tell


@dataclass(frozen=True, slots=True)
class HostCheck:
    """One thing that a host was examined for.

    Attributes:
        what: short and in plain words ("Exchange writer", "rights", "clock").
        status: how it turned out.
        found: what was seen, one sentence.
        remedy: what to do next; empty when it is good.
    """

    what: str
    status: CheckStatus
    found: str
    remedy: str = ""
