"""Tables, arguments and ownership, against objects made of ctypes callbacks."""

from __future__ import annotations

import ctypes
from typing import Any
from uuid import UUID

import pytest

from orchestrator.hosts.vss.com import structs
from orchestrator.hosts.vss.com.errors import E_NOTIMPL, E_POINTER, ComError
from orchestrator.hosts.vss.com.interfaces import INTERFACES
from orchestrator.hosts.vss.com.pointer import ComPointer
from orchestrator.hosts.vss.com.runtime import text_of_bstr, text_of_wide, wide
from tests.orchestrator.hosts.vss.fake_com import FakeObject, FakeRuntime, Status

ID = UUID("00112233-4455-6677-8899-aabbccddeeff")


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


def pointer(runtime: FakeRuntime, target: FakeObject) -> ComPointer:
    return ComPointer(runtime, target.interface, target.referenced())


class Backup(FakeObject):
    interface = "IVssBackupComponentsEx4"
    also = ("IVssBackupComponents", "IVssBackupComponentsEx3")

    def __init__(self, runtime: FakeRuntime) -> None:
        super().__init__(runtime)
        self.said: list[tuple[Any, ...]] = []

    def heard(self, name: str, *inputs: Any) -> None:
        self.said.append((name, *inputs))

    def AddToSnapshotSet(self, *_: Any) -> UUID:
        return ID

    def SetBackupState(self, *_: Any) -> Status:
        return Status(0)

    def GetRootAndLogicalPrefixPaths(self, *_: Any) -> tuple[str, str]:
        return "C:\\", "Ω𝄞"

    def GetWriterStatusEx(self, _: int) -> tuple[Any, ...]:
        return ID, ID, "writer", 5, 0x800423F4, 0xC7FF07D7, None

    def EnableWriterClasses(self, first: int, count: int) -> Status:
        self.said.append(tuple(structs.GUID.from_address(first + 16 * index).uuid for index in range(count)))
        return Status(1)

    def GatherWriterMetadata(self) -> None:
        return None

    def InitializeForBackup(self, _: str) -> Status:
        return Status(0x80042301)


# By hand from vsbackup.h, vsprov.h and vsadmin.h, so that a slip in our table has something to differ from.
SLOTS = {
    ("IVssBackupComponents", "GetWriterComponentsCount"): 3,
    ("IVssBackupComponents", "SetBackupState"): 6,
    ("IVssBackupComponents", "GatherWriterMetadata"): 9,
    ("IVssBackupComponents", "PrepareForBackup"): 14,
    ("IVssBackupComponents", "AbortBackup"): 15,
    ("IVssBackupComponents", "BackupComplete"): 27,
    ("IVssBackupComponents", "SetContext"): 35,
    ("IVssBackupComponents", "DoSnapshotSet"): 38,
    ("IVssBackupComponents", "QueryRevertStatus"): 50,
    ("IVssBackupComponentsEx3", "GetWriterStatusEx"): 60,
    ("IVssBackupComponentsEx4", "GetRootAndLogicalPrefixPaths"): 64,
    ("IVssAsync", "QueryStatus"): 5,
    ("IVssExamineWriterMetadataEx2", "GetExcludeFromSnapshotFile"): 17,
    ("IVssWriterComponentsExt", "GetComponent"): 2,
    ("IVssComponentEx2", "GetFailure"): 49,
    ("IVssAdmin", "RegisterProvider"): 3,
    ("IVssProviderCreateSnapshotSet", "CommitSnapshots"): 5,
    ("IVssSoftwareSnapshotProvider", "IsVolumeSupported"): 8,
    ("IVssHardwareSnapshotProviderEx", "OnReuseLuns"): 12,
}
SIZES = {
    structs.GUID: 16,
    structs.SnapshotProp: 128,
    structs.ProviderProp: 72,
    structs.ObjectProp: 136,
    structs.ComponentInfo: 72,
    structs.LunInformation: 96,
    structs.StorageDeviceIdDescriptor: 16,
    structs.StorageIdentifier: 24,
    structs.Interconnect: 32,
}


@pytest.mark.parametrize(("method", "slot"), list(SLOTS.items()), ids=lambda one: str(one))
def test_methods_are_in_their_slots(method: tuple[str, str], slot: int) -> None:
    assert INTERFACES[method[0]].methods[method[1]].slot == slot


def test_structures_are_as_large_as_windows_makes_them() -> None:
    assert {struct: ctypes.sizeof(struct) for struct in SIZES} == SIZES
    assert structs.ComponentInfo.bNotifyOnBackupComplete.offset == 45
    assert structs.SnapshotProp.m_tsCreationTimestamp.offset == 112
    assert structs.LunInformation.m_deviceIdDescriptor.offset == 64


def test_every_interface_but_plain_classes_has_an_id_of_its_own() -> None:
    plain = {
        "IVssWMComponent",
        "IVssWMFiledesc",
        "IVssWMDependency",
        "IVssWriterComponents",
        "IVssWriterComponentsExt",
    }
    ids = {name: one.iid for name, one in INTERFACES.items()}
    assert {name for name, iid in ids.items() if iid is None} == plain
    assert len({iid for iid in ids.values() if iid}) == len(ids) - len(plain)


def test_guids_texts_and_flags_arrive_as_they_were_given(runtime: FakeRuntime) -> None:
    target = Backup(runtime)
    with pointer(runtime, target) as ours:
        assert ours.call("AddToSnapshotSet", "E:\\Mount Ω\\", ID) == ID
        assert ours.call("SetBackupState", True, False, 5, True) == 0
    assert target.said[:2] == [
        ("AddToSnapshotSet", "E:\\Mount Ω\\", ID),
        ("SetBackupState", True, False, 5, True),
    ]
    assert runtime.leaks == []


def test_what_is_filled_in_comes_in_order_and_its_strings_are_freed_once(runtime: FakeRuntime) -> None:
    target = Backup(runtime)
    with pointer(runtime, target) as ours:
        assert ours.call("GetWriterStatusEx", 0) == (ID, ID, "writer", 5, 0x800423F4, 0xC7FF07D7, "")
        assert ours.call("GetRootAndLogicalPrefixPaths", "C:\\", True) == ("C:\\", "Ω𝄞")
    assert runtime.leaks == []


def test_arrays_of_guids_are_given_whole_and_a_small_success_is_no_failure(runtime: FakeRuntime) -> None:
    target = Backup(runtime)
    with pointer(runtime, target) as ours:
        assert ours.call("EnableWriterClasses", [ID, UUID(int=1)], 2) == 1
    assert (ID, UUID(int=1)) in target.said


def test_a_failure_names_the_call_and_keeps_nothing(runtime: FakeRuntime) -> None:
    with pointer(runtime, Backup(runtime)) as ours:
        with pytest.raises(ComError, match="InitializeForBackup answered 0x80042301"):
            ours.call("InitializeForBackup", "<xml/>")
        with pytest.raises(ComError) as missing:
            ours.call("SaveAsXML")
    assert missing.value.hresult == E_NOTIMPL
    assert runtime.leaks == []


def test_success_without_the_interface_is_a_failure(runtime: FakeRuntime) -> None:
    with pointer(runtime, Backup(runtime)) as ours, pytest.raises(ComError) as empty:
        ours.call("GatherWriterMetadata")
    assert empty.value.hresult == E_POINTER


def test_a_reference_is_given_back_once_and_used_no_more(runtime: FakeRuntime) -> None:
    target = Backup(runtime)
    ours = pointer(runtime, target)
    newer = ours.query("IVssBackupComponentsEx3")
    assert newer is not None
    assert target.references == 2
    newer.release()
    newer.release()
    assert target.references == 1
    ours.release()
    with pytest.raises(ValueError, match="after its release"):
        ours.call("AbortBackup")
    assert runtime.leaks == []


def test_an_interface_that_is_not_there_is_none(runtime: FakeRuntime) -> None:
    with pointer(runtime, Backup(runtime)) as ours:
        assert ours.query("IVssAdmin") is None


class Owned(FakeObject):
    interface = "IVssWriterComponentsExt"

    def GetComponent(self, _: int) -> Any:
        raise AssertionError("slot 2 is called in place of Release")


def test_components_of_a_writer_are_released_through_their_second_table(runtime: FakeRuntime) -> None:
    owned = Owned(runtime)
    pointer(runtime, owned).release()
    assert owned.references == 0
    assert runtime.leaks == []


def test_texts_are_utf_16_on_every_system(runtime: FakeRuntime) -> None:
    assert bytes(wide("aΩ"))[:6] == b"a\0\xa9\x03\0\0"
    assert text_of_wide(ctypes.addressof(wide("aΩ𝄞"))) == "aΩ𝄞"
    address = runtime.new_bstr("a\0b")
    assert text_of_bstr(address) == "a\0b"
    assert text_of_bstr(None) == text_of_wide(None) == ""
    with pytest.raises(ValueError, match="NUL"):
        wide("a\0b")
