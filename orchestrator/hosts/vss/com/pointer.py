"""A pointer to a COM object, and calls through its virtual table."""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from orchestrator.hosts.vss.com import arguments
from orchestrator.hosts.vss.com.errors import E_NOINTERFACE, E_POINTER, ComError, check
from orchestrator.hosts.vss.com.interfaces import INTERFACES, POINTER_BYTES, Method
from orchestrator.hosts.vss.com.runtime import Runtime


class ComPointer:
    """One reference to an object, given back by `release` or at the end of a `with`.

    Belongs to one thread: the one that made it.

    Args:
        runtime: the COM library.
        interface: name of the interface that the address points at.
        address: the object's; the reference is ours from now on.
    """

    def __init__(self, runtime: Runtime, interface: str, address: int) -> None:
        self._runtime = runtime
        self._interface = INTERFACES[interface]
        self._address = address

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def released(self) -> bool:
        """Whether the reference was given back."""
        return self._address == 0

    def call(self, name: str, *inputs: Any) -> Any:
        """Call a method with its inputs, and return what it filled in.

        Nothing filled in: its status. One thing: that. More: a tuple of them, in their order. Interfaces come
        as pointers, which the caller owns; strings as text, already freed.

        Raises:
            ComError: the method failed, or said it had not and left out an interface.
        """
        method = self._interface.methods[name]
        given = iter(inputs)
        cells: list[tuple[str, Any]] = []
        with ExitStack() as cleanup:
            passed: list[Any] = []
            for code in method.codes:
                if code == "0":
                    passed.append(None)
                elif arguments.is_out(code):
                    cells.append((code, arguments.cell(code)))
                    passed.append(ctypes.addressof(cells[-1][1]))
                else:
                    passed.append(arguments.given(code, next(given), self._runtime, cleanup))
            status = check(self._invoke(self._address, method, passed), self._label(name))
        filled = [self._taken(name, code, filled) for code, filled in cells]
        if not filled:
            return status
        return filled[0] if len(filled) == 1 else tuple(filled)

    def query(self, interface: str) -> ComPointer | None:
        """Return a pointer to another interface of the object; None if it has none such (an older Windows).

        Raises:
            ComError: it failed otherwise.
        """
        iid = INTERFACES[interface].iid
        assert iid is not None  # noqa: S101 - C++ classes are not asked for
        try:
            address = self.call("QueryInterface", iid)
        except ComError as error:
            if error.hresult == E_NOINTERFACE:
                return None
            raise
        if not address:
            raise ComError(E_POINTER, self._label("QueryInterface"))
        return ComPointer(self._runtime, interface, address)

    def release(self) -> None:
        """Give the reference back; a second time does nothing."""
        if self._address:
            unknown, self._address = self._address + self._interface.unknown_at, 0
            self._invoke(unknown, INTERFACES["IUnknown"].methods["Release"], [])

    def _invoke(self, address: int, method: Method, passed: list[Any]) -> int:
        if not address:
            raise ValueError(f"{self._label(method.name)} after its release")
        virtual_table = ctypes.c_size_t.from_address(address).value
        function = ctypes.c_size_t.from_address(virtual_table + POINTER_BYTES * method.slot).value
        # The status comes back as a number: ctypes.HRESULT would raise for failures in words of its own.
        types = (ctypes.c_uint32, ctypes.c_void_p, *map(arguments.type_of, method.codes))
        answer: int = self._runtime.functype(*types)(function)(address, *passed)
        return answer

    def _taken(self, name: str, code: str, filled: Any) -> Any:
        if not arguments.is_interface(code):
            return arguments.taken(code, filled, self._runtime)
        if not filled.value:
            raise ComError(E_POINTER, self._label(name))
        return ComPointer(self._runtime, code[:-2], filled.value)

    def _label(self, name: str) -> str:
        return f"{self._interface.name}.{name}"
