"""What writers say they are: components, their files, and each writer's own document."""

from __future__ import annotations

import ntpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.hosts.vss.com.errors import E_POINTER, ComError
from orchestrator.hosts.vss.com.pointer import ComPointer
from orchestrator.hosts.vss.com.runtime import text_of_bstr
from orchestrator.hosts.vss.com.structs import ComponentInfo


@dataclass(frozen=True, slots=True)
class FileSpec:
    """Files of a component: a folder, a pattern of names in it, and whether folders below count."""

    folder: str
    pattern: str
    recursive: bool

    @property
    def path(self) -> str:
        """Folder and pattern in one."""
        return ntpath.join(self.folder, self.pattern)


@dataclass(frozen=True, slots=True)
class VssComponent:
    """One component of a writer's metadata.

    Attributes:
        kind: VSS_COMPONENT_TYPE.
        logical_path: empty at the top.
        name: unique with the logical path.
        caption: for people; empty if there is none.
        selectable: for backup, by itself.
        notify: the writer wants to be told of its success.
        files: its own, without those of the components below it.
    """

    kind: int
    logical_path: str
    name: str
    caption: str
    selectable: bool
    notify: bool
    files: tuple[FileSpec, ...]

    @property
    def full_name(self) -> str:
        """Logical path and name in one."""
        return f"{self.logical_path}\\{self.name}" if self.logical_path else self.name


@dataclass(frozen=True, slots=True)
class WriterMetadata:
    """One writer instance and what it offers.

    Attributes:
        instance_id: of the instance; two may share a writer id (Exchange 2007 and 2010).
        writer_id: of the kind of writer.
        name: as `vssadmin list writers` shows it.
        usage: VSS_USAGE_TYPE.
        source: VSS_SOURCE_TYPE.
        components: in the writer's order.
        document: the writer's own XML.
    """

    instance_id: str
    writer_id: str
    name: str
    usage: int
    source: int
    components: tuple[VssComponent, ...]
    document: str

    def files_of(self, component: VssComponent) -> tuple[FileSpec, ...]:
        """Return the files of a component and of all below it: selecting it means these too."""
        below = component.full_name.lower() + "\\"
        under = (
            one
            for one in self.components
            if one is not component and f"{one.logical_path.lower()}\\".startswith(below)
        )
        return tuple(dict.fromkeys(file for one in (component, *under) for file in one.files))


def read_writer(examined: ComPointer) -> WriterMetadata:
    """Read one writer's metadata. The pointer stays the caller's.

    Raises:
        ComError: it cannot be read.
    """
    instance, writer, name, usage, source = examined.call("GetIdentity")
    _, _, count = examined.call("GetFileCounts")
    components = tuple(_component(examined, index) for index in range(count))
    document = examined.call("SaveAsXML")
    return WriterMetadata(str(instance), str(writer), name, usage, source, components, document)


def _component(examined: ComPointer, index: int) -> VssComponent:
    with examined.call("GetComponent", index) as component:
        address = component.call("GetComponentInfo")
        if not address:
            raise ComError(E_POINTER, "IVssWMComponent.GetComponentInfo")
        try:
            info = ComponentInfo.from_address(address)
            counts = (info.cFileCount, info.cDatabases, info.cLogFiles)
            return VssComponent(
                kind=info.type,
                logical_path=text_of_bstr(info.bstrLogicalPath),
                name=text_of_bstr(info.bstrComponentName),
                caption=text_of_bstr(info.bstrCaption),
                selectable=bool(info.bSelectable),
                notify=bool(info.bNotifyOnBackupComplete),
                files=tuple(_files(component, counts)),
            )
        finally:
            component.call("FreeComponentInfo", address)


def _files(component: ComPointer, counts: Sequence[int]) -> Iterator[FileSpec]:
    for getter, count in zip(("GetFile", "GetDatabaseFile", "GetDatabaseLogFile"), counts, strict=True):
        for index in range(count):
            with component.call(getter, index) as described:
                folder = ntpath.expandvars(described.call("GetPath"))
                yield FileSpec(folder, described.call("GetFilespec"), described.call("GetRecursive"))


def find(writers: Iterable[WriterMetadata], instance_id: str) -> WriterMetadata | None:
    """Return the writer of an instance, None if it is not there (any more)."""
    return next((one for one in writers if one.instance_id == instance_id.lower()), None)
