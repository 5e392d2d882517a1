"""The header of a log, and the one that is being written."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.header_fields import position_bytes
from orchestrator.ese.log_layout import HEADER_SIZE, LAYOUT
from orchestrator.ese.reports import FileType, LogPosition, Signature
from orchestrator.ese.sealing import seal_header
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import ExchangeForm
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_body import FLUSH_BYTES, SPARE_BYTES, LogBody
from orchestrator.hosts.emulated_exchange.emulator.mailbox.records import RecordBody
from orchestrator.hosts.emulated_exchange.emulator.mailbox.segments import SegmentBody
from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write, put

_SYSTEM_PATH_AT: Final = 72  # DBMS_PARAM: two paths of char[261]
_LOG_PATH_AT: Final = 72 + 261
_PATH_BYTES: Final = 260


class LogFile:
    """The current log, generation after generation."""

    def __init__(self, form: ExchangeForm, sign_log: Signature, flushes: int, folder: str) -> None:
        self._body: LogBody = SegmentBody(flushes) if form.segmented else RecordBody(flushes)
        self.size_bytes = HEADER_SIZE + flushes * FLUSH_BYTES + SPARE_BYTES
        self._template = self._same_in_all(form, sign_log, folder.encode("ascii", "replace")[:_PATH_BYTES])
        self.generation = 0
        self.created = bytes(8)

    @property
    def full(self) -> bool:
        """The next change needs another generation."""
        return self._body.full

    @property
    def first_sector(self) -> int:
        """Where its records begin."""
        return HEADER_SIZE // self._body.sector_size

    def begin(self, moment: bytes, checkpoint: LogPosition) -> bytes:
        """Go on to the next generation, and return the start of its file."""
        previous, chain = self.created, self._body.chain_checksum
        self.generation += 1
        self.created = moment
        header = self._header(previous, chain, checkpoint)
        return bytes(header) + self._body.begin(self.generation)

    def flush(self, change: int, moment: bytes) -> Write:
        """Add a change."""
        return self._body.flush(change, moment)

    def _header(self, previous: bytes, chain: int, checkpoint: LogPosition) -> bytearray:
        header = bytearray(self._template)
        put(
            header,
            LAYOUT,
            lGeneration=self.generation,
            tmCreate=self.created,
            tmPrevGen=previous,
            lgposCheckpoint=position_bytes(checkpoint),
            checksumPrevLogAllSegments=chain,
        )
        seal_header(header)
        return header

    def _same_in_all(self, form: ExchangeForm, sign_log: Signature, folder: bytes) -> bytes:
        header = bytearray(HEADER_SIZE)
        sector_size = self._body.sector_size
        major, minor, update_major, update_minor = form.log_version
        put(
            header,
            LAYOUT,
            cbSec=sector_size,
            csecHeader=self.first_sector,
            csecLGFile=self.size_bytes // sector_size,
            cbPageSize=form.page_size,
            ulMajor=major,
            ulMinor=minor,
            ulUpdateMajor=update_major,
            ulUpdateMinor=update_minor,
            signLog=sign_log.raw,
            filetype=FileType.LOG,
        )
        for at in (_SYSTEM_PATH_AT, _LOG_PATH_AT):
            header[at : at + len(folder)] = folder
        return bytes(header)
