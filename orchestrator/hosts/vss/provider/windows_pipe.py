"""A named pipe of Windows, by ctypes: overlapped, so that whoever waits on it can be asked to stop."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

from orchestrator.errors import HostError
from orchestrator.hosts.vss.provider.serving import ConnectionEnded

# SYSTEM and administrators alone, nobody from the network. The provider checks the owner in turn.
PIPE_SECURITY: Final = "O:BAG:BAD:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)"

# winbase.h, winerror.h
_PIPE_ACCESS_DUPLEX, _FIRST_INSTANCE, _OVERLAPPED_FLAG = 0x3, 0x0008_0000, 0x4000_0000
_REJECT_REMOTE_CLIENTS = 0x8
_MOST_INSTANCES = 4  # one that serves, one for an abort, and two on their way out
_BUFFER_BYTES = 1 << 16
_IO_PENDING, _PIPE_CONNECTED = 997, 535
_INFINITE, _WAIT_OBJECT_0 = 0xFFFF_FFFF, 0
_INVALID_HANDLE = ctypes.c_void_p(-1).value


class _Overlapped(ctypes.Structure):
    _fields_ = (
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", ctypes.c_uint64),
        ("event", ctypes.c_void_p),
    )


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_uint32),
        ("descriptor", ctypes.c_void_p),
        ("inherit", ctypes.c_int),
    )


def _load(library: str) -> Any:
    """Load a library with every handle as wide as it is; on other systems there is none to call."""
    if sys.platform != "win32":
        raise HostError(
            "host.not-windows", "named pipes of Windows are served on Windows only", subject=library
        )
    return ctypes.WinDLL(library, use_last_error=True)


class StopSignal:
    """An event that ends every wait on the pipe."""

    def __init__(self) -> None:
        self._kernel = _load("kernel32")
        self._kernel.CreateEventW.restype = ctypes.c_void_p
        self.handle = self._kernel.CreateEventW(None, True, False, None)

    def set(self) -> None:
        """End them, now and for good."""
        self._kernel.SetEvent(ctypes.c_void_p(self.handle))


class PipeInstance:
    """One end of the pipe, for one connection.

    Raises:
        HostError: `host.busy`, another process serves a pipe of this name; `host.rejected`.
    """

    def __init__(self, name: str, stop: StopSignal, *, first: bool) -> None:
        self._kernel = _load("kernel32")
        self._kernel.CreateNamedPipeW.restype = ctypes.c_void_p
        self._kernel.CreateEventW.restype = ctypes.c_void_p
        self._stop = stop
        self._done = self._kernel.CreateEventW(None, True, False, None)
        self._pipe: int | None = None
        mode = _PIPE_ACCESS_DUPLEX | _OVERLAPPED_FLAG | (_FIRST_INSTANCE if first else 0)
        attributes = _security()
        pipe = self._kernel.CreateNamedPipeW(
            ctypes.c_wchar_p(name),
            mode,
            _REJECT_REMOTE_CLIENTS,
            _MOST_INSTANCES,
            _BUFFER_BYTES,
            _BUFFER_BYTES,
            0,
            ctypes.byref(attributes),
        )
        error = ctypes.get_last_error()  # type: ignore[attr-defined] # Windows only
        _load("kernel32").LocalFree(ctypes.c_void_p(attributes.descriptor))
        if pipe == _INVALID_HANDLE:
            self.close()
            code = "host.busy" if first else "host.rejected"
            raise HostError(code, f"the VSS provider's pipe cannot be served: error {error}", subject=name)
        self._pipe = pipe

    def accept(self) -> None:
        """Wait for the provider.

        Raises:
            ConnectionEnded: we were asked to stop.
        """
        io = self._io()
        done = self._kernel.ConnectNamedPipe(self._handle(), ctypes.byref(io))
        if not done and ctypes.get_last_error() == _PIPE_CONNECTED:  # type: ignore[attr-defined] # Windows only
            return
        self._finish(done, io)

    def read(self, count: int) -> bytes:
        """Read exactly so many bytes."""
        buffer = ctypes.create_string_buffer(count)
        got = 0
        while got < count:
            io = self._io()
            here = ctypes.c_void_p(ctypes.addressof(buffer) + got)
            moved = self._finish(
                self._kernel.ReadFile(self._handle(), here, count - got, None, ctypes.byref(io)), io
            )
            if not moved:
                raise ConnectionEnded
            got += moved
        return buffer.raw

    def write(self, data: bytes) -> None:
        """Write all of it."""
        io = self._io()
        done = self._kernel.WriteFile(self._handle(), data, len(data), None, ctypes.byref(io))
        if self._finish(done, io) != len(data):
            raise ConnectionEnded

    def close(self) -> None:
        """Let it go. Idempotent."""
        for handle in (self._pipe, self._done):
            if handle:
                self._kernel.CloseHandle(ctypes.c_void_p(handle))
        self._pipe = self._done = None

    def _handle(self) -> ctypes.c_void_p:
        if self._pipe is None:
            raise ConnectionEnded
        return ctypes.c_void_p(self._pipe)

    def _io(self) -> _Overlapped:
        self._kernel.ResetEvent(ctypes.c_void_p(self._done))
        return _Overlapped(event=self._done)

    def _finish(self, done: int, io: _Overlapped) -> int:
        if not done and ctypes.get_last_error() != _IO_PENDING:  # type: ignore[attr-defined] # Windows only
            raise ConnectionEnded
        either = (ctypes.c_void_p * 2)(self._done, self._stop.handle)
        stopped = self._kernel.WaitForMultipleObjects(2, either, False, _INFINITE) != _WAIT_OBJECT_0
        if stopped:
            self._kernel.CancelIoEx(self._handle(), ctypes.byref(io))
        moved = ctypes.c_uint32()
        # Waits for the cancelled one too: the buffer is ours again only then.
        good = self._kernel.GetOverlappedResult(self._handle(), ctypes.byref(io), ctypes.byref(moved), True)
        if stopped or not good:
            raise ConnectionEnded
        return moved.value


def _security() -> _SecurityAttributes:
    descriptor = ctypes.c_void_p()
    convert = _load("advapi32").ConvertStringSecurityDescriptorToSecurityDescriptorW
    if not convert(ctypes.c_wchar_p(PIPE_SECURITY), 1, ctypes.byref(descriptor), None):
        raise HostError(
            "host.rejected", "Windows does not take the pipe's access list", subject=PIPE_SECURITY
        )
    return _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, False)
