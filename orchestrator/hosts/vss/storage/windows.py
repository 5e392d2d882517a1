"""What Windows answers about its volumes and disks. Opens devices for reading of their properties alone."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import struct
    from collections.abc import Iterator, Sequence
    from contextlib import contextmanager
    from typing import Final

    # winioctl.h
    IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS: Final = 0x00560000
    IOCTL_DISK_GET_DRIVE_LAYOUT_EX: Final = 0x00070050
    IOCTL_STORAGE_QUERY_PROPERTY: Final = 0x002D1400
    STORAGE_DEVICE_PROPERTY: Final = 0
    STORAGE_DEVICE_ID_PROPERTY: Final = 2

    SHARE_READ_WRITE: Final = 3
    OPEN_EXISTING: Final = 3
    GENERIC_READ: Final = 0x80000000  # the drive layout is told to readers only
    INVALID_HANDLE: Final = ctypes.c_void_p(-1).value
    ERROR_MORE: Final = (122, 234)  # ERROR_INSUFFICIENT_BUFFER, ERROR_MORE_DATA
    NAME_CHARS: Final = 64  # a volume's name has 49 and its NUL
    LARGEST_ANSWER: Final = 1 << 20

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateFileW.restype = ctypes.c_void_p
    _kernel.FindFirstVolumeW.restype = ctypes.c_void_p

    class WindowsDevices:
        """See `Devices`."""

        def volumes(self) -> Sequence[str]:
            """Return the unique names of all volumes."""
            name = ctypes.create_unicode_buffer(NAME_CHARS)
            search = ctypes.c_void_p(_kernel.FindFirstVolumeW(name, NAME_CHARS))
            if search.value == INVALID_HANDLE:
                raise _error()
            found = [name.value]
            try:
                while _kernel.FindNextVolumeW(search, name, NAME_CHARS):
                    found.append(name.value)
            finally:
                _kernel.FindVolumeClose(search)
            return found

        def mount_points(self, volume: str) -> Sequence[str]:
            """Return where paths of a volume's files begin."""
            chars = ctypes.c_uint32(1024)
            while True:
                names = ctypes.create_unicode_buffer(chars.value)
                if _kernel.GetVolumePathNamesForVolumeNameW(volume, names, chars, ctypes.byref(chars)):
                    return [one for one in "".join(names[: chars.value]).split("\0") if one]
                if ctypes.get_last_error() not in ERROR_MORE or chars.value > LARGEST_ANSWER:
                    raise _error()

        def disk_extents(self, volume: str) -> bytes:
            r"""Return VOLUME_DISK_EXTENTS; a volume is opened by its name without the `\` at its end."""
            return _ask(volume.rstrip("\\"), 0, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, b"")

        def drive_layout(self, disk: int) -> bytes:
            """Return DRIVE_LAYOUT_INFORMATION_EX."""
            return _ask(_disk(disk), GENERIC_READ, IOCTL_DISK_GET_DRIVE_LAYOUT_EX, b"")

        def device_descriptor(self, disk: int) -> bytes:
            """Return STORAGE_DEVICE_DESCRIPTOR."""
            return _property(disk, STORAGE_DEVICE_PROPERTY)

        def device_ids(self, disk: int) -> bytes:
            """Return STORAGE_DEVICE_ID_DESCRIPTOR."""
            return _property(disk, STORAGE_DEVICE_ID_PROPERTY)

    def _disk(number: int) -> str:
        return rf"\\.\PhysicalDrive{number}"

    def _property(disk: int, property_id: int) -> bytes:
        # STORAGE_PROPERTY_QUERY: property, query type 0 (standard), and room for more.
        query = struct.pack("<III", property_id, 0, 0)
        return _ask(_disk(disk), 0, IOCTL_STORAGE_QUERY_PROPERTY, query)

    def _ask(path: str, access: int, code: int, query: bytes) -> bytes:
        """Ask a device, with a larger buffer as long as it wants one."""
        size = 4096
        with _opened(path, access) as device:
            while True:
                answer = ctypes.create_string_buffer(size)
                returned = ctypes.c_uint32()
                if _kernel.DeviceIoControl(
                    device, code, query or None, len(query), answer, size, ctypes.byref(returned), None
                ):
                    return answer.raw[: returned.value]
                if ctypes.get_last_error() not in ERROR_MORE or size >= LARGEST_ANSWER:
                    raise _error()
                size *= 4

    @contextmanager
    def _opened(path: str, access: int) -> Iterator[ctypes.c_void_p]:
        found = _kernel.CreateFileW(
            path, ctypes.c_uint32(access), SHARE_READ_WRITE, None, OPEN_EXISTING, 0, None
        )
        handle = ctypes.c_void_p(found)
        if handle.value == INVALID_HANDLE:
            raise _error()
        try:
            yield handle
        finally:
            _kernel.CloseHandle(handle)

    def _error() -> OSError:
        return ctypes.WinError(ctypes.get_last_error())
