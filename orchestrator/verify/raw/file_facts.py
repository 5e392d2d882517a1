"""What the child says about a file, turned into something that can be read, or refused."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.errors import VerificationError
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw.extents import Extents, UnsoundRuns
from orchestrator.verify.raw.ntfs_file import NtfsFile, ResidentFile

# File attributes (Microsoft's [MS-FSCC], section 2.6) of files whose bytes on disk are not their contents.
REPARSE_POINT: Final = 0x0400
ENCODED: Final = (
    (0x0800, "is compressed"),
    (0x4000, "is encrypted"),
    (REPARSE_POINT, "is a link, or its contents lie elsewhere (deduplicated, archived)"),
    (0x1000, "is offline: its contents lie elsewhere"),
)


def opened(
    reader: PositionalReader, name: str, facts: dict[str, Any], volume_start: int, volume_length: int
) -> NtfsFile | ResidentFile:
    """Return a file, ready to be read.

    Args:
        reader: of the device.
        name: how findings call the file.
        facts: the child's answer.
        volume_start: byte of the device at which the volume begins.
        volume_length: of the volume in bytes.

    Raises:
        VerificationError: `verify.file-not-plain`; `verify.file-system-unreadable`.
    """
    for flag, words in ENCODED:
        if facts["flags"] & flag:
            raise VerificationError("verify.file-not-plain", f"it {words}", subject=name)
    modified = str(facts["modified"])
    if facts["data"]:
        return ResidentFile(name, bytes.fromhex(facts["data"]), modified)
    try:
        extents = Extents(facts["extents"], facts["size"], facts["valid"], volume_start, volume_length)
    except UnsoundRuns as cause:
        raise VerificationError("verify.file-system-unreadable", str(cause), subject=name) from None
    file = NtfsFile(reader, name, facts["size"], extents, modified)
    for offset, sample in facts["samples"]:
        if sample is None or _bytes_at(file, offset, len(sample) // 2) != bytes.fromhex(sample):
            text = f"it is compressed at byte {offset:,}, though it does not say so"
            raise VerificationError("verify.file-not-plain", text, subject=name)
    return file


def _bytes_at(file: NtfsFile, offset: int, length: int) -> bytes:
    buffer = bytearray(length)
    return bytes(buffer[: file.read(offset, memoryview(buffer))])
