"""The COM library of Windows itself. Needs 64-bit Python, as VSS serves its own width alone."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import threading
    from collections.abc import Callable
    from typing import Any, Final

    from orchestrator.hosts.vss.com.errors import ComError, check

    S_FALSE: Final = 0x00000001
    RPC_E_TOO_LATE: Final = 0x80010119  # somebody in this process has set its security before (winerror.h)
    COINIT_MULTITHREADED: Final = 0
    SEARCH_SYSTEM32: Final = 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32: never a DLL that lies about elsewhere
    PKT_PRIVACY: Final = 6  # RPC_C_AUTHN_LEVEL_PKT_PRIVACY
    # (impersonation level, capabilities): writers call back into a requestor. IMPERSONATE with static
    # cloaking is asked for since 2012, IDENTIFY before that (VSS, "Security considerations for requestors").
    SECURITY_FORMS: Final = ((3, 0x20), (2, 0))

    class WindowsRuntime:
        """See `Runtime`. Loads its libraries when it is made."""

        _security_lock: Final = threading.Lock()
        _security_set = False

        def __init__(self) -> None:
            self.functype: Callable[..., Any] = ctypes.WINFUNCTYPE
            self._ole = ctypes.WinDLL("ole32", winmode=SEARCH_SYSTEM32)
            self._automation = ctypes.WinDLL("oleaut32", winmode=SEARCH_SYSTEM32)
            self._vss = ctypes.WinDLL("vssapi", winmode=SEARCH_SYSTEM32)
            self._automation.SysAllocStringLen.restype = ctypes.c_void_p
            self._automation.SysFreeString.argtypes = [ctypes.c_void_p]
            self._automation.SysFreeString.restype = None
            self._ole.CoTaskMemFree.argtypes = [ctypes.c_void_p]
            self._ole.CoTaskMemFree.restype = None
            self._vss.VssFreeSnapshotPropertiesInternal.argtypes = [ctypes.c_void_p]
            self._vss.VssFreeSnapshotPropertiesInternal.restype = None

        def enter_thread(self) -> None:
            """Join the multithreaded apartment, and set the process's security once."""
            check(self._ole.CoInitializeEx(None, COINIT_MULTITHREADED), "CoInitializeEx")
            try:
                self._set_security()
            except ComError:
                self.leave_thread()
                raise

        def leave_thread(self) -> None:
            """Leave the apartment."""
            self._ole.CoUninitialize()

        def create_backup_components(self) -> int:
            """Return a new IVssBackupComponents."""
            made = ctypes.c_void_p()
            # The name without C++ decoration is what the SDK's own inline function calls (vsbackup.h).
            call = "CreateVssBackupComponentsInternal"
            check(self._vss.CreateVssBackupComponentsInternal(ctypes.byref(made)), call)
            return made.value or 0

        def new_bstr(self, text: str) -> int:
            """Return a new BSTR."""
            units = text.encode("utf-16-le", "surrogatepass")
            address: int | None = self._automation.SysAllocStringLen(units, len(units) // 2)
            if not address:
                raise MemoryError("SysAllocStringLen")
            return address

        def free_bstr(self, address: int) -> None:
            """Free a BSTR."""
            self._automation.SysFreeString(address)

        def free_task_memory(self, address: int) -> None:
            """Free what was allocated by CoTaskMemAlloc."""
            self._ole.CoTaskMemFree(address)

        def free_snapshot_properties(self, address: int) -> None:
            """Free the strings of a VSS_SNAPSHOT_PROP."""
            self._vss.VssFreeSnapshotPropertiesInternal(address)

        def _set_security(self) -> None:
            with WindowsRuntime._security_lock:
                if WindowsRuntime._security_set:
                    return
                status = 0
                for impersonation, capabilities in SECURITY_FORMS:
                    status = 0xFFFFFFFF & self._ole.CoInitializeSecurity(
                        None, -1, None, None, PKT_PRIVACY, impersonation, None, capabilities, None
                    )
                    if status in (0, S_FALSE, RPC_E_TOO_LATE):
                        WindowsRuntime._security_set = True
                        return
                raise ComError(status, "CoInitializeSecurity")
