"""Reads a checkpoint file: from where on the logs are replayed. Two copies of 4096 bytes.

Whatever is wrong with it is a warning: without a checkpoint the engine replays all logs that are there. Which
logs a database needs, its own header says. Source: ESE inc/log.hxx (CHECKPOINT), ese/_log/log.cxx.
"""

from __future__ import annotations

from typing import Final

from orchestrator.ese.checksum import header_checksum
from orchestrator.ese.header_fields import Buffer, Field, Kind
from orchestrator.ese.reports import CheckpointReport, Copy, FileType, Signature
from orchestrator.ese.states import file_type_name
from orchestrator.model.verification import ContentFinding, Place, Severity

COPY_SIZE: Final = 4096

_ROWS: Final = (
    (0, Kind.HEX, "ulChecksum"),
    (4, Kind.POSITION, "lgposLastFullBackupCheckpoint"),
    (12, Kind.POSITION, "lgposCheckpoint"),
    (20, Kind.SIGNATURE, "signLog"),
    (615, Kind.POSITION, "lgposFullBackup"),
    (623, Kind.TIME, "logtimeFullBackup"),
    (631, Kind.POSITION, "lgposIncBackup"),
    (639, Kind.TIME, "logtimeIncBackup"),
    (647, Kind.BYTE, "fVersion"),
    (648, Kind.POSITION, "lgposDbConsistency"),
    (667, Kind.U32, "filetype"),
)

LAYOUT: Final = {name: Field(offset, kind) for offset, kind, name in _ROWS}

JET_CHECKPOINT_CORRUPT: Final = -533
JET_FILE_INVALID_TYPE: Final = -1812


def read_checkpoint(name: str, data: Buffer) -> CheckpointReport:
    """Read both copies; the first counts if it is good.

    Args:
        name: as findings call it.
        data: the file, at least its first 8192 bytes.
    """
    primary, shadow = (_good(data, at) for at in (0, COPY_SIZE))
    block = primary or shadow
    if block is None:
        text = f"Neither copy in {name} is good: the engine will replay all logs that are there."
        return CheckpointReport(
            name, Copy.BAD, Copy.BAD, None, Signature(bytes(28)), findings=(_warning(name, text),)
        )
    return CheckpointReport(
        name,
        Copy.GOOD if primary else Copy.BAD,
        _compared(primary, shadow),
        LAYOUT["lgposCheckpoint"].position(block),
        LAYOUT["signLog"].signature(block),
        tuple((label, field.text(block)) for label, field in LAYOUT.items()),
        tuple(_findings(name, primary, shadow, block)),
    )


def _good(data: Buffer, at: int) -> bytes | None:
    block = bytes(data[at : at + COPY_SIZE])
    if len(block) < COPY_SIZE or header_checksum(block) != LAYOUT["ulChecksum"].number(block):
        return None
    return block


def _compared(primary: bytes | None, shadow: bytes | None) -> Copy:
    if shadow is None:
        return Copy.BAD
    return Copy.DIFFERENT if primary and primary != shadow else Copy.GOOD


def _findings(name: str, primary: bytes | None, shadow: bytes | None, block: bytes) -> list[ContentFinding]:
    found = []
    if primary is None or shadow is None:
        which, other = ("first", "second") if primary is None else ("second", "first")
        found.append(_warning(name, f"The {which} copy in {name} is bad; the {other} is good and was used."))
    file_type = LAYOUT["filetype"].number(block)
    if file_type not in {FileType.UNKNOWN, FileType.CHECKPOINT}:
        text = f"{name} says that it is no checkpoint: {file_type_name(file_type)}."
        found.append(
            ContentFinding("ese.not-a-checkpoint", Severity.WARNING, Place(name), text, JET_FILE_INVALID_TYPE)
        )
    return found


def _warning(name: str, text: str) -> ContentFinding:
    return ContentFinding("ese.checkpoint-bad", Severity.WARNING, Place(name), text, JET_CHECKPOINT_CORRUPT)
