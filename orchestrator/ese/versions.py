"""Which engine writes which format: for people. Nothing is refused because of its version.

Source: ESE ese/sysver.cxx and published/inc/jethdr.w; what real files of known origin hold.
"""

from __future__ import annotations

from typing import Final

from orchestrator.ese.database_layout import VERSION

# (lowest update-major, who); each counts up to the next row
_WRITERS: Final = (
    (0, "older than Exchange 5.5"),
    (2, "ESE97: Exchange 5.5"),
    (9, "Exchange 2000 and 2003, Windows XP and Server 2003"),
    (0xA, "Exchange 2003 (merged code base)"),
    (0xB, "Exchange 2003 SP1: ECC checksums allowed"),
    (0xC, "Windows Vista, Exchange 2007"),
    (0xD, "a beta of about 2007"),
    (0x11, "Windows 7, Exchange 2010: pages of 2, 16 and 32 KiB"),
    (0x12, "Windows 8 to Windows 10 1809, Exchange 2013 and 2016"),
    (21, "between Windows 10 1809 and 2004"),
    (110, "Windows 10 2004 to 22H2 (19041-19045)"),
    (111, "between Windows 10 2004 and Server 2022"),
    (180, "Server 2022 (20348)"),
    (181, "between Server 2022 and Windows 11"),
    (200, "Windows 11 21H2 (22000)"),
    (201, "between Windows 11 21H2 and 23H2"),
    (230, "Windows 11 23H2 (22631)"),
    (231, "between Windows 11 23H2 and 24H2"),
    (300, "Windows 11 24H2 (26100)"),
    (301, "newer than what is known here"),
)


def version_text(version: int, update_major: int, update_minor: int) -> str:
    """Write a format version as the engine's tools do."""
    return f"0x{version:x},{update_major},{update_minor}"


def written_by(version: int, update_major: int) -> str:
    """Return which products write a format version."""
    if version != VERSION:
        return "older than Exchange 5.5" if version < VERSION else "a beta, or newer than what is known here"
    return next(who for lowest, who in reversed(_WRITERS) if update_major >= lowest)
