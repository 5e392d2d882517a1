"""What COM needs of the system below: the one seam between our calls and Windows."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Protocol


class Runtime(Protocol):
    """A process's COM library. `windows.py` is the real one; tests bring one of their own to Linux.

    Attributes:
        functype: makes types of functions: `ctypes.WINFUNCTYPE` on Windows, `CFUNCTYPE` elsewhere.
    """

    functype: Callable[..., Any]

    def enter_thread(self) -> None:
        """Put the calling thread into the multithreaded apartment, and set the process's security once.

        Raises:
            ComError: COM refused.
        """

    def leave_thread(self) -> None:
        """Take the calling thread out again."""

    def create_backup_components(self) -> int:
        """Return the address of a new IVssBackupComponents, which the caller owns.

        Raises:
            ComError: VSS refused; 0x80070005 without the rights of an administrator or backup operator.
        """

    def new_bstr(self, text: str) -> int:
        """Return a new BSTR, which the caller owns."""

    def free_bstr(self, address: int) -> None:
        """Free a BSTR."""

    def free_task_memory(self, address: int) -> None:
        """Free what was allocated by CoTaskMemAlloc."""

    def free_snapshot_properties(self, address: int) -> None:
        """Free the strings of a VSS_SNAPSHOT_PROP."""


def text_of_bstr(address: int | None) -> str:
    """Read a BSTR: its length in bytes stands in the four before its text. NULL is the empty string."""
    if not address:
        return ""
    length = ctypes.c_uint32.from_address(address - 4).value
    return ctypes.string_at(address, length).decode("utf-16-le", "replace")


def text_of_wide(address: int | None) -> str:
    """Read UTF-16 up to its NUL, which `wchar_t` is not everywhere. NULL is the empty string."""
    if not address:
        return ""
    end = address
    while ctypes.c_uint16.from_address(end).value:
        end += 2
    return ctypes.string_at(address, end - address).decode("utf-16-le", "replace")


def wide(text: str) -> ctypes.Array[ctypes.c_char]:
    """Return a buffer with a text in UTF-16 and its NUL.

    Raises:
        ValueError: the text has a NUL inside, where the callee would take it to end.
    """
    if "\0" in text:
        raise ValueError("a NUL inside a text for Windows")
    return ctypes.create_string_buffer(text.encode("utf-16-le", "surrogatepass") + b"\0\0")
