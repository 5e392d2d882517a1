"""What names the array accepts: rules of the vendor's Ansible collection and OpenStack Cinder's driver."""

from __future__ import annotations

import re
from typing import Final

from providers.pure_flasharray.emulator.wire import Refusal

MAX_SNAPSHOT_NAME: Final = 96

# A letter, digit at both ends; at least one letter, hyphen or underscore, since numbers are the array's own.
_NAME: Final = re.compile(r"(?=.*[a-zA-Z_-])[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?")
_SUFFIX: Final = re.compile(r"(?=.*[a-zA-Z-])[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}[a-zA-Z0-9])?")


def check_name(name: str) -> None:
    """Refuse a name that no volume, protection group, host or host group may have."""
    if not _NAME.fullmatch(name):
        raise Refusal("Invalid name: 1 to 63 letters, digits, - and _, not digits alone.", name)


def check_suffix(suffix: str) -> None:
    """Refuse a suffix that no snapshot may have."""
    if not _SUFFIX.fullmatch(suffix):
        raise Refusal("Invalid suffix: 1 to 64 letters, digits and -, not digits alone.", suffix)


def check_full_name(name: str) -> None:
    """Refuse the full name of a snapshot that is too long."""
    if len(name) > MAX_SNAPSHOT_NAME:
        raise Refusal(f"Snapshot name is longer than {MAX_SNAPSHOT_NAME} characters.", name)
