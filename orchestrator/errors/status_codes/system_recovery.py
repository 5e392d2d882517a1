"""Status codes of Automated System Recovery: of a whole Windows, never of a run of ours. From vsserror.h."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.retry_class import RetryClass
from orchestrator.errors.status_codes.status_code import StatusCode

_NAMES: Final = {
    0x80042401: "VSS_E_ASRERROR_DISK_ASSIGNMENT_FAILED",
    0x80042402: "VSS_E_ASRERROR_DISK_RECREATION_FAILED",
    0x80042403: "VSS_E_ASRERROR_NO_ARCPATH",
    0x80042404: "VSS_E_ASRERROR_MISSING_DYNDISK",
    0x80042405: "VSS_E_ASRERROR_SHARED_CRIDISK",
    0x80042406: "VSS_E_ASRERROR_DATADISK_RDISK0",
    0x80042407: "VSS_E_ASRERROR_RDISK0_TOOSMALL",
    0x80042408: "VSS_E_ASRERROR_CRITICAL_DISKS_TOO_SMALL",
    0x8004240A: "VSS_E_ASRERROR_DYNAMIC_VHD_NOT_SUPPORTED",
    0x80042411: "VSS_E_CRITICAL_VOLUME_ON_INVALID_DISK",
    0x80042412: "VSS_E_ASRERROR_RDISK_FOR_SYSTEM_DISK_NOT_FOUND",
    0x80042413: "VSS_E_ASRERROR_NO_PHYSICAL_DISK_AVAILABLE",
    0x80042414: "VSS_E_ASRERROR_FIXED_PHYSICAL_DISK_AVAILABLE_AFTER_DISK_EXCLUSION",
    0x80042415: "VSS_E_ASRERROR_CRITICAL_DISK_CANNOT_BE_EXCLUDED",
    0x80042416: "VSS_E_ASRERROR_SYSTEM_PARTITION_HIDDEN",
}

ENTRIES: Final[dict[int, StatusCode]] = {
    number: StatusCode(
        name,
        "Automated System Recovery could not match the disks of a whole Windows. No clone of a database "
        "comes to this.",
        "Turn to whoever restores that Windows; Quiesce takes no part in it.",
        RetryClass.NOT_AN_ERROR,
    )
    for number, name in _NAMES.items()
}
