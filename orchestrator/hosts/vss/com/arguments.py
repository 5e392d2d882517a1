"""Python values to arguments and back. What we are given to own is freed here, exactly once."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final
from uuid import UUID

from orchestrator.hosts.vss.com.runtime import Runtime, text_of_bstr, text_of_wide, wide
from orchestrator.hosts.vss.com.structs import GUID, ObjectProp, SnapshotProp

# Whatever fits a register. An enumeration is an int to the compiler; a C++ bool is one byte.
SCALARS: Final[dict[str, Any]] = {
    "b": ctypes.c_ubyte,
    "L": ctypes.c_int32,
    "u": ctypes.c_uint32,
    "i": ctypes.c_int32,
    "e": ctypes.c_int32,
    "h": ctypes.c_uint32,
    "q": ctypes.c_int64,
    "Q": ctypes.c_uint64,
    "P": ctypes.c_void_p,
}
_OUT_CELLS: Final[dict[str, Any]] = {
    **SCALARS,
    "G": GUID,
    "W": ctypes.c_void_p,
    "B": ctypes.c_void_p,
    "SNAP": SnapshotProp,
    "OBJ": ObjectProp,
}


def is_out(code: str) -> bool:
    """Tell whether the callee fills an argument in."""
    return code.endswith("*")


def is_interface(code: str) -> bool:
    """Tell whether an argument returns an interface."""
    return code.endswith("**")


def type_of(code: str) -> Any:
    """Return the ctypes type under which an argument is passed; every address is a plain pointer."""
    return SCALARS.get(code, ctypes.c_void_p)


def given(code: str, value: Any, runtime: Runtime, cleanup: ExitStack) -> Any:
    """Return a value as an argument. What has to live during the call hangs on `cleanup`."""
    if code in SCALARS:
        return SCALARS[code](value)
    if value is None:
        return None
    if code == "B":
        address = runtime.new_bstr(value)
        cleanup.callback(runtime.free_bstr, address)
        return address
    held = _buffer(code, value)
    cleanup.callback(lambda: held)  # a closure keeps it alive until the call is over
    return ctypes.addressof(held)


def cell(code: str) -> Any:
    """Return room for what the callee fills in."""
    return ctypes.c_void_p() if is_interface(code) else _OUT_CELLS[code[:-1]]()


def taken(code: str, filled: Any, runtime: Runtime) -> Any:
    """Return what the callee filled in, as Python knows it, and free it where it was given to us."""
    match code[:-1]:
        case "G":
            return filled.uuid
        case "B":
            return _freed(filled.value, text_of_bstr(filled.value), runtime.free_bstr)
        case "W":
            return _freed(filled.value, text_of_wide(filled.value), runtime.free_task_memory)
        case "b" | "L":
            return bool(filled.value)
        case "SNAP" | "OBJ":
            return filled
        case _:
            return filled.value


def _freed(address: int | None, text: str, free: Any) -> str:
    if address:
        free(address)
    return text


def _buffer(code: str, value: Any) -> Any:
    match code:
        case "G":
            return GUID.of(value)
        case "G[]":
            return _guids(value)
        case "W":
            return wide(value)
        case _:
            raise TypeError(f"no call of ours passes arguments of the code {code}")


def _guids(values: Sequence[UUID]) -> Any:
    return (GUID * len(values))(*map(GUID.of, values))
