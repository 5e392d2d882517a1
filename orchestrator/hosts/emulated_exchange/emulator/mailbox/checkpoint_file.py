"""The bytes of a checkpoint file."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.header_fields import Field, Kind, position_bytes
from orchestrator.ese.reports import FileType, LogPosition, Signature
from orchestrator.ese.sealing import seal_header
from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write, put

COPY_BYTES: Final = 4096
SIZE_BYTES: Final = 2 * COPY_BYTES
_LAYOUT: Final = {
    "lgposCheckpoint": Field(12, Kind.POSITION),
    "signLog": Field(20, Kind.SIGNATURE),
    "filetype": Field(667, Kind.U32),
}


def checkpoint_writes(checkpoint: LogPosition, sign_log: Signature) -> tuple[Write, Write]:
    """Make both copies, in the order in which they are written."""
    block = bytearray(COPY_BYTES)
    put(
        block,
        _LAYOUT,
        lgposCheckpoint=position_bytes(checkpoint),
        signLog=sign_log.raw,
        filetype=FileType.CHECKPOINT,
    )
    seal_header(block)
    return (0, bytes(block)), (COPY_BYTES, bytes(block))
