"""Which Windows machine this is."""

from __future__ import annotations

import platform
import sys

from orchestrator.errors import HostError
from orchestrator.model.hosts import HostIdentity


def identity_of_this_machine() -> HostIdentity:
    """Return this machine's identity: the GUID that Windows drew for it when it was installed.

    Raises:
        HostError: `host.not-windows`, `host.no-identity`.
    """
    if sys.platform == "win32":
        machine_guid = _registry(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid")
        if not machine_guid:
            raise HostError("host.no-identity", "Windows tells no MachineGuid", subject=platform.node())
        product = _registry(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", "ProductName") or "Windows"
        return HostIdentity(machine_guid.lower(), platform.node(), product, emulated=False)
    raise HostError("host.not-windows", f"this machine runs {sys.platform}", subject=platform.node())


if sys.platform == "win32":
    import winreg

    def _registry(key: str, value: str) -> str:
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
                return str(winreg.QueryValueEx(opened, value)[0])
        except OSError:
            return ""
