"""The identities of one disk, in the forms in which arrays are asked for them.

Read from sysfs: SCSI's VPD page 83h (SPC-4, 7.8.6) and what SCSI, NVMe and virtio drivers make of theirs.
The names that udev gives in /dev/disk/by-id come after those, and alone where the kernel tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.attributes import bytes_of, entries_of
from orchestrator.hosts.linux.block_device import BlockDevice

# Best first: what is unique in the world and assigned by the array, down to what only its maker keeps apart.
_FORMS: Final = (
    re.compile(r"naa\.6[0-9a-f]{31}"),
    re.compile(r"eui\.([0-9a-f]{32}|[0-9a-f]{24}|[0-9a-f]{16})"),
    re.compile(r"naa\.[235][0-9a-f]{15}"),
    re.compile(r"uuid\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    re.compile(r"t10\..+"),
    re.compile(r"nvme\.[0-9a-f]{4}-.+"),
    re.compile(r"serial\.[!-~]+"),
)
_SERIAL: Final = "serial."
_NOTHING: Final = re.compile(r"[a-z0-9]+\.[0-]*")
# How udev's scsi_id and multipath write a designator: its type, then its digits.
_TYPES: Final = {"3": "naa", "2": "eui"}
_T10, _EUI64, _NAA = 1, 2, 3
_DIGITS_ONLY: Final = str.maketrans("", "", "- ")


def kernel_lun_ids(disk: BlockDevice) -> tuple[str, ...]:
    """Return what the kernel itself tells of a disk's identity, best first."""
    found = [*_designators(bytes_of(disk.folder / "device/vpd_pg83"))]
    found += [disk.text("device/wwid"), disk.text("wwid")]
    # `uuid` of an NVMe namespace repeats the NGUID where there is no UUID; `wwid` tells them apart.
    found += [f"eui.{disk.text(name).translate(_DIGITS_ONLY)}" for name in ("nguid", "eui")]
    found += [f"serial.{disk.text('serial').strip()}"] if disk.name.startswith("vd") else []
    return canonical(found)


def udev_lun_ids(names: Iterable[str]) -> tuple[str, ...]:
    """Return the identities in the names of links in /dev/disk/by-id, best first."""
    return canonical(_of_link(name) for name in names)


def udev_names(root: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the names in /dev/disk/by-id, by the kernel's name of the device that each leads to."""
    found: dict[str, tuple[str, ...]] = {}
    for link in entries_of(root / "dev/disk/by-id"):
        try:
            name = link.readlink().name
        except OSError:
            continue
        found[name] = (*found.get(name, ()), link.name)
    return found


def of_multipath_name(wwid: str) -> str:
    """Return the identity that multipath found its paths by; empty where its form tells none."""
    return next(iter(canonical([_of_udev_serial(wwid)])), "")


def canonical(found: Iterable[str]) -> tuple[str, ...]:
    """Return the identities among some texts: each once, best first, nothing unknown.

    All in lower case but serial numbers, which an admin or an array may tell apart by it.
    """
    stripped = (text.strip() for text in found)
    known = dict.fromkeys(text if text.startswith(_SERIAL) else text.lower() for text in stripped)
    return tuple(
        lun_id
        for form in _FORMS
        for lun_id in known
        if form.fullmatch(lun_id) and not _NOTHING.fullmatch(lun_id)
    )


def _of_link(name: str) -> str:
    kind, _, rest = name.partition("-")
    match kind:
        case "wwn":
            return f"naa.{rest.removeprefix('0x')}"
        case "scsi":
            return _of_udev_serial(rest)
        case "nvme":
            return rest
        case "virtio":
            return f"serial.{rest}"
        case _:
            return ""


def _of_udev_serial(text: str) -> str:
    kind = _TYPES.get(text[:1])
    return f"{kind}.{text[1:]}" if kind else text


def _designators(page: bytes) -> Iterator[str]:
    """Read the designators of the LUN itself out of VPD page 83h."""
    if page[1:2] != b"\x83":
        return
    rest = page[4 : 4 + int.from_bytes(page[2:4], "big")]
    while len(rest) >= 4:
        about, length = rest[1], rest[3]
        binary, value, rest = rest[0] & 0x0F == 1, rest[4 : 4 + length], rest[4 + length :]
        association, kind = about >> 4 & 0x03, about & 0x0F
        if association or len(value) < length:
            continue
        if binary and kind in (_EUI64, _NAA):
            yield f"{'naa' if kind == _NAA else 'eui'}.{value.hex()}"
        elif kind == _T10:
            yield f"t10.{value.decode('ascii', 'replace').rstrip(chr(0))}"
