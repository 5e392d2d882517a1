"""Which Windows, with which application on it, can be frozen by which path, and why not by another.

Exchange on Windows: Microsoft's page "Exchange Server supportability matrix"; 2003 and 2007 are from memory.
What Windows the host agent needs: it brings libraries compiled from Rust, whose Windows targets require
Windows Server 2016 (rustc book, "*-windows-msvc"); Python 3.11 by itself would run on 2012 R2 as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orchestrator.policy.reasons import Finding


class HostPath(StrEnum):
    """How the writers of a Windows host are reached: the kind of the registered host."""

    HOST_AGENT = "agent"
    GUEST_AGENT = "qemu-guest-agent"


@dataclass(frozen=True, slots=True)
class WindowsRelease:
    """One release of Windows.

    Attributes:
        name: as products call it.
        kernel: version and, from 10.0 on, build, as its own tools print them.
        paths: that lead to its writers.
        reason: why not every path does; empty when all do.
    """

    name: str
    kernel: str
    paths: tuple[HostPath, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SupportedApplication:
    """An application whose writer takes part.

    Attributes:
        name: with its version.
        runs_on: names of the Windows releases that its maker supports it on.
        note: what else must be known.
    """

    name: str
    runs_on: tuple[str, ...]
    note: str = ""


_BOTH: Final = (HostPath.HOST_AGENT, HostPath.GUEST_AGENT)
_GUEST: Final = (HostPath.GUEST_AGENT,)
_TOO_OLD: Final = "libraries of the host agent need Windows Server 2016"
_NO_VSS: Final = "it has no VSS that keeps a shadow copy for another host"

WINDOWS: Final = (
    WindowsRelease("Windows 2000", "5.0", (), _NO_VSS),
    WindowsRelease("Windows XP", "5.1", (), _NO_VSS),
    WindowsRelease(
        "Windows Server 2003", "5.2", _GUEST, f"{_TOO_OLD}; a guest agent built for 2003 is needed"
    ),
    WindowsRelease("Windows Server 2008", "6.0", _GUEST, _TOO_OLD),
    WindowsRelease("Windows Server 2008 R2", "6.1", _GUEST, _TOO_OLD),
    WindowsRelease("Windows Server 2012", "6.2", _GUEST, _TOO_OLD),
    WindowsRelease("Windows Server 2012 R2", "6.3", _GUEST, _TOO_OLD),
    WindowsRelease("Windows Server 2016", "10.0.14393", _BOTH),
    WindowsRelease("Windows Server 2019", "10.0.17763", _BOTH),
    WindowsRelease("Windows Server 2022", "10.0.20348", _BOTH),
    WindowsRelease("Windows Server 2025", "10.0.26100", _BOTH),
)

_SQL_NOTE: Final = "its databases are cloned and not verified; copy backups only"

APPLICATIONS: Final = (
    SupportedApplication(
        "Exchange 2003",
        ("Windows 2000", "Windows Server 2003"),
        "smallest unit: a storage group; one VSS backup at a time on a server",
    ),
    SupportedApplication(
        "Exchange 2007",
        ("Windows Server 2003", "Windows Server 2008", "Windows Server 2008 R2"),
        "smallest unit: a storage group",
    ),
    SupportedApplication(
        "Exchange 2010",
        (
            "Windows Server 2008",
            "Windows Server 2008 R2",
            "Windows Server 2012",
            "Windows Server 2012 R2",
        ),
        "two writers: one for active copies, one for passive ones",
    ),
    SupportedApplication(
        "Exchange 2013", ("Windows Server 2008 R2", "Windows Server 2012", "Windows Server 2012 R2")
    ),
    SupportedApplication(
        "Exchange 2016", ("Windows Server 2012", "Windows Server 2012 R2", "Windows Server 2016")
    ),
    SupportedApplication(
        "Exchange 2019",
        ("Windows Server 2019", "Windows Server 2022", "Windows Server 2025"),
        "2022 and 2025 with later cumulative updates; Subscription Edition alike",
    ),
    SupportedApplication(
        "SQL Server 2005 and later",
        tuple(release.name for release in WINDOWS if release.paths),
        _SQL_NOTE,
    ),
)

_SIGNS: Final = re.compile(r"\((?:R|TM|C)\)|[®™©]", re.IGNORECASE)
_KERNEL: Final = re.compile(r"\b(5\.[0-2]|6\.[0-3]|10\.0\.\d{5})\b")


def release_of(product: str) -> WindowsRelease | None:
    """Return the Windows that a host's product text speaks of; None if it tells none that is in the table.

    Args:
        product: `HostIdentity.product`: a name ("Windows Server 2019 Standard"), a version of the kernel
            ("Windows 10.0.17763"), or both.
    """
    text = " ".join(_SIGNS.sub(" ", product).split()).lower()
    if "windows" not in text:
        return None
    named = [each for each in WINDOWS if re.search(rf"\b{re.escape(each.name.lower())}\b", text)]
    if named:
        return max(named, key=lambda each: len(each.name))
    kernel = _KERNEL.search(text)
    return next((each for each in WINDOWS if kernel and each.kernel == kernel[1]), None)


def check_host(kind: str, name: str, product: str) -> tuple[Finding, ...]:
    """Judge whether the path that a host is registered by leads to its writers; no finding means yes.

    A host that does not say which Windows it is, or that is none, is not judged.

    Args:
        kind: of the registered host.
        name: what its user calls it.
        product: `HostIdentity.product`.
    """
    release = release_of(product)
    if release is None or kind not in list(HostPath) or HostPath(kind) in release.paths:
        return ()
    remains = " or ".join(f"--kind {path}" for path in release.paths)
    what = f"as a virtual machine, register it with {remains}" if remains else "no path to it is left"
    text = f"It is {release.name}, which the kind {kind} cannot freeze: {release.reason}; {what}."
    return (Finding("policy.host-unsupported", name, text),)


def paths_of(application: SupportedApplication, release: WindowsRelease) -> tuple[HostPath, ...]:
    """Return the paths by which an application on a Windows is reached; none if it does not run there."""
    return release.paths if release.name in application.runs_on else ()
