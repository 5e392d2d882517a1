"""A scripted VSS with writers and our VSS provider, over fake COM objects."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Final
from uuid import UUID

from orchestrator.hosts.vss.com.structs import ComponentInfo
from orchestrator.hosts.vss.provider.pipe_protocol import Ended, Method, Request
from orchestrator.hosts.vss.provider.relay import Relay
from tests.orchestrator.hosts.vss.fake_com import FakeObject, FakeRuntime, Status

PENDING: Final = 0x00042309
FINISHED: Final = 0x0004230A
CANCELLED: Final = 0x0004230B
VETO: Final = 0x80042306
BAD_STATE: Final = 0x80042301
SET_ID: Final = UUID("5e700000-0000-4000-8000-000000000001")
SESSION_ID: Final = UUID("5e550000-0000-4000-8000-000000000001")
EXCHANGE: Final = UUID("76fe1ac4-15f7-4bcd-987e-8e1acb462fb7")
STORE: Final = UUID("aaaaaaaa-0000-4000-8000-000000000001")
SYSTEM: Final = UUID("bbbbbbbb-0000-4000-8000-000000000002")


@dataclass
class Part:
    """A component: files are (folder, pattern, recursive)."""

    path: str
    name: str
    caption: str = ""
    selectable: bool = False
    notify: bool = True
    files: Sequence[tuple[str, str, bool]] = ()
    failed: int = 0
    without_info: bool = False


@dataclass
class Writer:
    """A writer instance; `states` are its (state, failure) each time that it is asked, the last one stays."""

    instance: UUID
    name: str
    parts: list[Part]
    writer: UUID = EXCHANGE
    states: list[tuple[int, int]] = field(default_factory=lambda: [(1, 0), (5, 0), (1, 0)])
    application: int = 0
    unreadable: bool = False
    broken: bool = False  # its part of the document cannot be read


def exchange() -> Writer:
    """The store, with one database on two host volumes."""
    top = r"Microsoft Exchange Server\Microsoft Information Store\EX1"
    guid = "0d000000-0000-4000-8000-00000000db01"
    return Writer(
        STORE,
        "Microsoft Exchange Writer",
        [
            Part(top, guid, "DB01", selectable=True),
            Part(rf"{top}\{guid}", "File", files=[("E:\\DB01\\", "DB01.edb", False)]),
            Part(
                rf"{top}\{guid}",
                "Logs",
                files=[("F:\\DB01", "E00*.log", False), ("F:\\DB01", "E00.chk", False)],
            ),
        ],
    )


def system() -> Writer:
    return Writer(SYSTEM, "System Writer", [Part("", "System Files", files=[("C:\\Windows", "*", True)])])


class FakeAsync(FakeObject):
    """An operation that is pending for some looks, then has its status. `hangs` until it is cancelled."""

    interface = "IVssAsync"

    def __init__(self, runtime: FakeRuntime, status: int = FINISHED, looks: int = 1) -> None:
        super().__init__(runtime)
        self.status = status
        self.looks = looks
        self.cancelled = False
        self.deaf = False

    def QueryStatus(self) -> Any:
        if self.cancelled and not self.deaf and self.looks > 1000:
            return CANCELLED
        self.looks -= 1
        return PENDING if self.looks >= 0 else self.status

    def Cancel(self) -> Status:
        self.runtime.calls.append("Cancel")
        self.cancelled = True
        return Status(0)


class FakeFile(FakeObject):
    interface = "IVssWMFiledesc"

    def __init__(self, runtime: FakeRuntime, file: tuple[str, str, bool]) -> None:
        super().__init__(runtime)
        self.GetPath, self.GetFilespec, self.GetRecursive = (lambda value=value: value for value in file)


class FakeWMComponent(FakeObject):
    interface = "IVssWMComponent"

    def __init__(self, runtime: FakeRuntime, part: Part) -> None:
        super().__init__(runtime)
        self.part = part
        self.lent: dict[int, tuple[ComponentInfo, list[int]]] = {}

    def GetComponentInfo(self) -> int:
        one = self.part
        if one.without_info:
            return 0
        texts = [self.runtime.new_bstr(text) for text in (one.path, one.name, one.caption)]
        info = ComponentInfo(
            2, *texts, None, 0, 0, one.notify, one.selectable, True, 0, 0, len(one.files), 0, 0
        )
        address = ctypes.addressof(info)
        self.lent[address] = info, texts
        return address

    def FreeComponentInfo(self, address: int) -> Status:
        _, texts = self.lent.pop(address)
        for text in texts:
            self.runtime.free_bstr(text)
        return Status(0)

    def GetDatabaseFile(self, index: int) -> FakeFile:
        return FakeFile(self.runtime, self.part.files[index])


class FakeMetadata(FakeObject):
    interface = "IVssExamineWriterMetadata"

    def __init__(self, runtime: FakeRuntime, writer: Writer) -> None:
        super().__init__(runtime)
        self.writer = writer

    def GetIdentity(self) -> Any:
        if self.writer.unreadable:
            return Status(0x80042311)
        return self.writer.instance, self.writer.writer, self.writer.name, 3, 1

    def GetFileCounts(self) -> Any:
        return 0, 0, len(self.writer.parts)

    def GetComponent(self, index: int) -> FakeWMComponent:
        return FakeWMComponent(self.runtime, self.writer.parts[index])

    def SaveAsXML(self) -> str:
        return f"<WRITER_METADATA>{self.writer.name}</WRITER_METADATA>"


class FakeComponent(FakeObject):
    interface = "IVssComponentEx2"
    also = ("IVssComponent",)

    def __init__(self, runtime: FakeRuntime, part: Part) -> None:
        super().__init__(runtime)
        self.part = part

    def GetLogicalPath(self) -> str:
        return self.part.path

    def GetComponentName(self) -> str:
        return self.part.name

    def GetFailure(self) -> Any:
        return self.part.failed, 0, None, 0


class FakeWriterComponents(FakeObject):
    interface = "IVssWriterComponentsExt"

    def __init__(self, runtime: FakeRuntime, writer: Writer, added: Iterable[str]) -> None:
        super().__init__(runtime)
        self.writer = writer
        self.parts = [one for one in writer.parts if one.name in set(added)]

    def GetComponentCount(self) -> Any:
        return Status(0x80042310) if self.writer.broken else len(self.parts)

    def GetWriterInfo(self) -> Any:
        return self.writer.instance, self.writer.writer

    def GetComponent(self, index: int) -> FakeComponent:
        return FakeComponent(self.runtime, self.parts[index])


class FakeVss(FakeObject):
    """IVssBackupComponents and what stands behind it.

    Args:
        runtime: the COM library; gets to know this as its VSS.
        relay: what our VSS provider is connected to.
        writers: those that answer.

    Attributes:
        failing: by the name of a call, what it answers instead; a list is used up one call at a time.
        ending: by the name of a call, the final status of its operation.
        looks: by the name of a call, how often its operation is pending; above 1000 it ends when cancelled.
        deaf: calls whose operations take no notice of being cancelled.
        gates: by the method of our VSS provider, what VSS waits for before it asks that.
        late_word: a set has failed before our VSS provider is told to abort it.
        without_provider: DoSnapshotSet asks another VSS provider than ours.
    """

    interface = "IVssBackupComponentsEx3"
    also = ("IVssBackupComponents",)

    def __init__(self, runtime: FakeRuntime, relay: Relay, *writers: Writer) -> None:
        super().__init__(runtime)
        runtime.vss = self
        self.relay = relay
        self.writers = list(writers)
        self.failing: dict[str, int | list[int]] = {}
        self.ending: dict[str, int] = {}
        self.looks: dict[str, int] = {}
        self.deaf: set[str] = set()
        self.gates: dict[Method, Event] = {}
        self.late_word = False
        self.without_provider = False
        self.arguments: dict[str, list[tuple[Any, ...]]] = {}
        self.volumes: list[str] = []
        self.added: list[str] = []
        self.asked = 0
        self.sequence = 0
        self.provider: Thread | None = None
        self.final = PENDING

    def heard(self, name: str, *inputs: Any) -> None:
        self.runtime.calls.append(name)
        self.arguments.setdefault(name, []).append(inputs)

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name[0].isupper() and (planned := self.failing.get(name)):
            hresult = planned.pop(0) if isinstance(planned, list) else planned
            if hresult:
                return lambda *_: Status(hresult)
        return found

    def begun(self, name: str) -> FakeAsync:
        operation = FakeAsync(self.runtime, self.ending.get(name, FINISHED), self.looks.get(name, 1))
        operation.deaf = name in self.deaf
        return operation

    def InitializeForBackup(self, xml: str) -> Status:
        return Status(0)

    def SetContext(self, context: int) -> Status:
        return Status(0)

    def SetBackupState(self, *_: object) -> Status:
        return Status(0)

    def GetSessionId(self) -> Any:
        return SESSION_ID

    def GatherWriterMetadata(self) -> Any:
        return self.begun("GatherWriterMetadata")

    def GetWriterMetadataCount(self) -> Any:
        return len(self.writers)

    def GetWriterMetadata(self, index: int) -> Any:
        return self.writers[index].instance, FakeMetadata(self.runtime, self.writers[index])

    def FreeWriterMetadata(self) -> Status:
        return Status(0)

    def AddComponent(self, *place: Any) -> Status:
        self.added.append(place[-1])
        return Status(0)

    def StartSnapshotSet(self) -> Any:
        return SET_ID

    def AddToSnapshotSet(self, volume: str, provider: UUID) -> Any:
        text = volume.encode("utf-16-le")
        begun = UUID(int=len(self.volumes)).bytes_le + struct.pack("<iH", 0x29, len(text)) + text
        self.ask(Method.BEGIN_VOLUME, begun)
        self.volumes.append(volume)
        return UUID(int=len(self.volumes))

    def PrepareForBackup(self) -> Any:
        return self.begun("PrepareForBackup")

    def GatherWriterStatus(self) -> Any:
        self.asked += 1
        return self.begun("GatherWriterStatus")

    def GetWriterStatusCount(self) -> Any:
        return len(self.writers)

    def GetWriterStatusEx(self, index: int) -> Any:
        facts = self.GetWriterStatus(index)
        return facts if isinstance(facts, Status) else (*facts, self.writers[index].application, None)

    def GetWriterStatus(self, index: int) -> Any:
        one = self.writers[index]
        state, failure = one.states[min(self.asked, len(one.states)) - 1]
        return one.instance, one.writer, one.name, state, failure

    def FreeWriterStatus(self) -> Status:
        return Status(0)

    def GetWriterComponentsCount(self) -> Any:
        return len(self.writers)

    def GetWriterComponents(self, index: int) -> Any:
        return FakeWriterComponents(self.runtime, self.writers[index], self.added)

    def DoSnapshotSet(self) -> Any:
        operation = self.begun("DoSnapshotSet")
        if not self.without_provider:
            self.provider = Thread(target=self.make, name="fake vss")
            self.provider.start()
            operation.QueryStatus = lambda: self.final  # type: ignore[method-assign] # a double
        return operation

    def SaveAsXML(self) -> Any:
        return "<BACKUP_COMPONENTS/>"

    def SetBackupSucceeded(self, *_: Any) -> Status:
        return Status(0)

    def BackupComplete(self) -> Any:
        return self.begun("BackupComplete")

    def AbortBackup(self) -> Status:
        return Status(0)

    def make(self) -> None:
        """Make the set as VSS does, through our VSS provider (rows a to p)."""
        ended = Ended.NEVER_HELD
        for method in (Method.END_PREPARE, Method.PRE_COMMIT, Method.COMMIT, Method.POST_COMMIT):
            payload = struct.pack("<iIQ", 1, ended, 1000) if method is Method.POST_COMMIT else b""
            code = self.ask(method, payload)
            if method is Method.COMMIT:
                ended = Ended.RELEASED if code == 0 else Ended.VETOED
            if code:
                self.final = VETO if self.late_word else PENDING
                self.ask(Method.ABORT, struct.pack("<IQ", ended, 1000))
                self.final = VETO
                return
        self.ask(Method.PRE_FINAL_COMMIT)
        self.ask(Method.POST_FINAL_COMMIT)
        self.final = self.ending.get("DoSnapshotSet", FINISHED)

    def ask(self, method: Method, payload: bytes = b"") -> int:
        """Ask what our VSS provider would be asked, and return its status."""
        if method in self.gates:
            assert self.gates[method].wait(10)
        self.sequence += 1
        answer = self.relay.answer(Request(method, self.sequence, SET_ID, payload), self)
        return int.from_bytes(answer[32:36], "little")
