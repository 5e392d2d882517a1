"""COM objects made of ctypes callbacks, and a runtime that counts what it hands out. Runs on Windows, too.

An object answers the calls that it has methods for, with decoded arguments; what a method returns is filled
in. One that returns `Status(...)` answers with that, and one that is missing with E_NOTIMPL.
"""

from __future__ import annotations

import ctypes
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import current_thread
from typing import Any
from uuid import UUID

from orchestrator.hosts.vss.com.arguments import SCALARS, is_interface, is_out, type_of
from orchestrator.hosts.vss.com.errors import E_NOINTERFACE, E_NOTIMPL, ComError
from orchestrator.hosts.vss.com.interfaces import INTERFACES, Method
from orchestrator.hosts.vss.com.runtime import text_of_bstr, text_of_wide
from orchestrator.hosts.vss.com.structs import GUID


@dataclass(frozen=True, slots=True)
class Status:
    """What a call answers when it fills in nothing."""

    hresult: int


class FakeRuntime:
    """A COM library whose every allocation is known. `leaks` is empty when all was given back, once."""

    def __init__(self) -> None:
        # Looked up by name, so that this file may be read where there is no WINFUNCTYPE.
        name = "WINFUNCTYPE" if sys.platform == "win32" else "CFUNCTYPE"
        self.functype: Callable[..., Any] = getattr(ctypes, name)
        self.objects: list[FakeObject] = []
        self.texts: dict[int, Any] = {}
        self.calls: list[str] = []
        self.threads: Counter[str] = Counter()
        self.mistakes: list[str] = []
        self.vss: FakeObject | Status = Status(E_NOTIMPL)
        self.entering = 0

    def enter_thread(self) -> None:
        if self.entering:
            raise ComError(self.entering, "CoInitializeEx")
        self.threads[current_thread().name] += 1

    def leave_thread(self) -> None:
        self.threads[current_thread().name] -= 1

    def create_backup_components(self) -> int:
        self.calls.append("CreateVssBackupComponents")
        if isinstance(self.vss, Status):
            raise ComError(self.vss.hresult, "CreateVssBackupComponentsInternal")
        return self.vss.referenced()

    def new_bstr(self, text: str) -> int:
        data = text.encode("utf-16-le")
        buffer = ctypes.create_string_buffer(len(data).to_bytes(4, "little") + data + b"\0\0")
        address = ctypes.addressof(buffer) + 4
        self.texts[address] = buffer
        return address

    def free_bstr(self, address: int) -> None:
        if self.texts.pop(address, None) is None:
            self.mistakes.append(f"a BSTR freed that is none: {address:#x}")

    free_task_memory = free_bstr  # a BSTR ends with a NUL, so that it serves as a wide string as well

    def free_snapshot_properties(self, address: int) -> None:
        raise AssertionError("nobody asks for properties of shadow copies")

    @property
    def leaks(self) -> list[str]:
        """What was not given back, or twice."""
        held = [f"{one.interface} is held {one.references} times" for one in self.objects if one.references]
        lent = [f"the string {text_of_bstr(address)!r} was not freed" for address in self.texts]
        inside = [f"thread {name} is still in COM" for name, count in self.threads.items() if count]
        return [*self.mistakes, *held, *lent, *inside]


class FakeObject:
    """An object with one virtual table; `interface` is what its table is laid out as."""

    interface = "IUnknown"
    also: tuple[str, ...] = ()  # what else QueryInterface gives, by a table that begins the same

    def __init__(self, runtime: FakeRuntime) -> None:
        self.runtime = runtime
        self.references = 0
        runtime.objects.append(self)
        self._slots = [self._callback(method) for method in INTERFACES[self.interface].methods.values()]
        self._table = _table(self._slots)
        self._memory = (ctypes.c_size_t * 2)(ctypes.addressof(self._table), 0)
        if INTERFACES[self.interface].unknown_at:
            self._second = [self._callback(one) for one in INTERFACES["IUnknown"].methods.values()]
            self._second_table = _table(self._second)
            self._memory[1] = ctypes.addressof(self._second_table)

    def referenced(self) -> int:
        """Return its address with a new reference for the caller."""
        self.references += 1
        return ctypes.addressof(self._memory)

    def heard(self, name: str, *inputs: Any) -> None:
        """Called before every method of its own."""

    def AddRef(self) -> Status:
        self.references += 1
        return Status(self.references)

    def Release(self) -> Status:
        if self.references == 0:
            self.runtime.mistakes.append(f"{self.interface} released once too often")
        self.references = max(0, self.references - 1)
        return Status(self.references)

    def QueryInterface(self, iid: UUID) -> Any:
        known = [one for one in (self.interface, *self.also, "IUnknown") if INTERFACES[one].iid == iid]
        return self.referenced() if known else Status(E_NOINTERFACE)

    def _callback(self, method: Method) -> Any:
        def call(_this: int, *passed: Any) -> int:
            inputs = [_decoded(code, value) for code, value in _ins(method, passed)]
            self.heard(method.name, *inputs)
            handler = getattr(self, method.name, None)
            answer = Status(E_NOTIMPL) if handler is None else handler(*inputs)
            if isinstance(answer, Status):
                return answer.hresult
            cells = [(code, value) for code, value in zip(method.codes, passed, strict=True) if is_out(code)]
            answers = answer if isinstance(answer, tuple) else (answer,)
            for (code, address), value in zip(cells, answers if cells else (), strict=True):
                self._fill(code, address, value)
            return 0

        types = (ctypes.c_uint32, ctypes.c_void_p, *map(type_of, method.codes))
        return self.runtime.functype(*types)(call)

    def _fill(self, code: str, address: int, value: Any) -> None:
        kind = code[:-1]
        if is_interface(code):
            ctypes.c_size_t.from_address(address).value = value.referenced() if value is not None else 0
        elif kind == "G":
            ctypes.memmove(address, bytes(GUID.of(value)), 16)
        elif kind in ("B", "W"):
            filled = self.runtime.new_bstr(value) if value is not None else 0
            ctypes.c_size_t.from_address(address).value = filled
        else:
            SCALARS[kind].from_address(address).value = value


def _table(slots: list[Any]) -> Any:
    return (ctypes.c_size_t * len(slots))(*(ctypes.cast(one, ctypes.c_void_p).value or 0 for one in slots))


def _ins(method: Method, passed: tuple[Any, ...]) -> list[tuple[str, Any]]:
    pairs = zip(method.codes, passed, strict=True)
    return [(code, value) for code, value in pairs if code != "0" and not is_out(code)]


def _decoded(code: str, value: Any) -> Any:
    match code:
        case "G":
            return GUID.from_address(value).uuid
        case "W":
            return text_of_wide(value)
        case "B":
            return text_of_bstr(value)
        case "b":
            return bool(value)
        case _:
            return value
