"""Where things stand in logs: the header (LGFILEHDR), a segment (LGSEGHDR) and an LRCHECKSUM record.

Source: ESE inc/log.hxx; names are the engine's own.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from orchestrator.ese.header_fields import Field, Kind

HEADER_SIZE: Final = 4096  # whatever the size of a sector

_ROWS: Final = (
    (0, Kind.HEX, "ulChecksum"),
    (4, Kind.I32, "lGeneration"),
    (8, Kind.U16, "cbSec"),
    (10, Kind.U16, "csecHeader"),
    (12, Kind.U16, "csecLGFile"),
    (14, Kind.U16, "cbPageSize"),
    (16, Kind.TIME, "tmCreate"),
    (24, Kind.TIME, "tmPrevGen"),
    (32, Kind.U32, "ulMajor"),
    (36, Kind.U32, "ulMinor"),
    (40, Kind.U32, "ulUpdateMajor"),
    (44, Kind.SIGNATURE, "signLog"),
    (639, Kind.BYTE, "fLGFlags"),
    (640, Kind.POSITION, "lgposCheckpoint"),
    (648, Kind.U32, "ulUpdateMinor"),
    (652, Kind.BYTE, "bDiskSecSizeMismatch"),
    (653, Kind.U64, "checksumPrevLogAllSegments"),
    (661, Kind.U32, "efvEngineCurrentDiagnostic"),
    (667, Kind.U32, "filetype"),
)

LAYOUT: Final = {name: Field(offset, kind) for offset, kind, name in _ROWS}

# Bits of fLGFlags.
FLAG_RESERVE: Final = 1
FLAG_CIRCULAR_NOW: Final = 2
FLAG_CIRCULAR_PAST: Final = 4

# Versions by ulMajor: records with checksums of their own, and from 8 on segments with checksums.
RECORDS_MAJOR: Final = 7
SEGMENTS_MAJOR: Final = 8

SEGMENT_SIZE: Final = 4096
SEGMENT_CHECKSUM: Final = Field(0, Kind.U64)
SEGMENT_POSITION: Final = Field(8, Kind.POSITION)
SEGMENT_TIME: Final = Field(16, Kind.TIME)
SEGMENT_FLAGS: Final = Field(36, Kind.HEX)
SEGMENT_HEADER_SIZE: Final = 40

# An LRCHECKSUM: lrtyp, cbBackwards, cbForwards, cbNext, ulChecksum, ulShortChecksum, bUseShortChecksum.
RECORD: Final = Struct("<BIIIIIB")
RECORD_SIZE: Final = RECORD.size

LRTYP_CHECKSUM: Final = 42
SHORT_ON: Final = 0x9A
SHORT_OFF: Final = 0xD1
RANGE_SEED: Final = 0xFEEDBEAF
SHORT_SEED: Final = 0xDEADC0DE
SHADOW_SEED: Final = 0x5AD05EC7
