"""What an admin may say of a guest, and the identities that the agent itself cannot tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, field_validator

from orchestrator.hosts.watchdog.lease import RUNTIME_FOLDER

# What our providers call a LUN: "naa.624a9370…", "file.7:0-131".
LUN_ID: Final = re.compile(r"[a-z0-9]+\.[!-+\--:<>-~]+")
WORD: Final = re.compile(r"[!-+\--:<>-~]+")  # printable ASCII without , ; and =
KEYS: Final = {
    "serial": WORD,
    "pci": re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"),
    "name": WORD,
}
FORM: Final = "serial:ABC123=naa.6…;pci:0000:00:05.0=file.7:0-131;name:loop0=file.7:0-132"


@dataclass(frozen=True, slots=True)
class DeclaredLuns:
    """LUN identities of guest disks, by what the agent does tell of a disk.

    Attributes:
        by_key: "serial:ABC", "pci:0000:00:05.0" or "name:loop0" to LUN identity.
    """

    by_key: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> DeclaredLuns:
        """Read the setting's text.

        Raises:
            ValueError: it has not the form, or names a disk or a LUN twice.
        """
        by_key: dict[str, str] = {}
        for entry in filter(None, (part.strip() for part in text.split(";"))):
            key, _, lun_id = entry.partition("=")
            kind, _, value = key.partition(":")
            if kind not in KEYS or not KEYS[kind].fullmatch(value) or not LUN_ID.fullmatch(lun_id):
                raise ValueError(f"{entry!r} is not of the form {FORM}")
            if key in by_key:
                raise ValueError(f"{key} is named twice")
            if lun_id in by_key.values():
                raise ValueError(f"{lun_id} is named for two disks")
            by_key[key] = lun_id
        return cls(by_key)


class GuestAgentSettings(BaseModel):
    """Settings of the kind `qemu-guest-agent`.

    Attributes:
        runtime_folder: where leases lie: on a tmpfs, never on what is to be frozen.
        luns: identities of disks of which the agent tells none that an array knows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    runtime_folder: Path = RUNTIME_FOLDER
    luns: str = ""

    @field_validator("luns")
    @classmethod
    def _has_the_form(cls, value: str) -> str:
        DeclaredLuns.parse(value)
        return value

    @field_validator("runtime_folder")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        if not value.is_absolute():
            raise ValueError("an absolute path is needed")
        return value

    @property
    def declared(self) -> DeclaredLuns:
        """The identities of `luns`."""
        return DeclaredLuns.parse(self.luns)
