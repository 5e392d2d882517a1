"""The headers of a database file, and of the streaming file that Exchange 2003 has beside it."""

from __future__ import annotations

from typing import Final, NamedTuple

from orchestrator.ese.database_layout import ATTRIB_STREAMING, LAYOUT, MAGIC, VERSION
from orchestrator.ese.header_fields import position_bytes
from orchestrator.ese.reports import DatabaseState, FileType, LogPosition, Signature
from orchestrator.ese.sealing import seal_header
from orchestrator.hosts.emulated_exchange.emulator.mailbox.database_pages import OBJECT
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import ExchangeForm
from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write, put, signature

# Behind the structure a header page holds zeros only, which do not change an XOR: its first 4 KiB are enough.
HEADER_BYTES: Final = 4096


class Required(NamedTuple):
    """What the header says of the logs that recovery needs.

    Attributes:
        first: where the oldest change is that is not yet in the pages.
        last: the newest generation that is known to the header.
        last_created: tmCreate of that one.
    """

    first: LogPosition
    last: int
    last_created: bytes


class HeaderMaker:
    """Makes the headers of one database while it is mounted.

    Args:
        form: which Exchange.
        sign_db: of the database.
        sign_log: of its log stream.
        attached: LOGTIME of the mount.
    """

    def __init__(self, form: ExchangeForm, sign_db: Signature, sign_log: Signature, attached: bytes) -> None:
        self._form = form
        self._database = _mounted(form, FileType.DATABASE, sign_db, sign_log, attached)
        self._streaming = _mounted(form, FileType.STREAMING, sign_db, sign_log, attached)

    def database(self, required: Required, dbtime: int) -> tuple[Write, Write]:
        """Make the header of the .edb and its shadow, in the order in which they are written."""
        block = bytearray(self._database)
        position = position_bytes(required.first)
        put(
            block,
            LAYOUT,
            dbtimeDirtied=dbtime,
            lgposConsistent=position,
            lgposAttach=position,
            lGenMinRequired=required.first.generation,
            lGenMaxRequired=required.last,
            logtimeGenMaxCreate=required.last_created,
        )
        if self._form.commits:
            put(block, LAYOUT, lGenMaxCommitted=required.last)
        if self._form.segmented:  # as new as these logs: the engine of Exchange 2013 and later
            first = required.first.generation
            put(block, LAYOUT, lGenMinConsistent=first, logtimeGenMaxRequired=required.last_created)
        return self._pair(block)

    def streaming(self) -> tuple[Write, Write]:
        """Make the header of the .stm and its shadow."""
        return self._pair(bytearray(self._streaming))

    def _pair(self, block: bytearray) -> tuple[Write, Write]:
        seal_header(block)
        return (0, bytes(block)), (self._form.page_size, bytes(block))


def _mounted(
    form: ExchangeForm, file_type: FileType, sign_db: Signature, sign_log: Signature, attached: bytes
) -> bytes:
    """Make the header of a mounted file, without what changes and without its checksum."""
    block = bytearray(HEADER_BYTES)
    put(
        block,
        LAYOUT,
        ulMagic=MAGIC,
        ulVersion=VERSION,
        attrib=ATTRIB_STREAMING if file_type is FileType.STREAMING else 0,
        signDb=sign_db.raw,
        dbstate=DatabaseState.DIRTY_SHUTDOWN,
        logtimeConsistent=attached,
        logtimeAttach=attached,
        dbid=1,
        signLog=sign_log.raw,
        objidLast=OBJECT,
        ulDaeUpdateMajor=form.database_update,
        cbPageSize=form.page_size,
        ulCreateVersion=VERSION,
        ulCreateUpdate=form.database_update,
        filetype=file_type,
    )
    if form.streaming:
        put(block, LAYOUT, signSLV=signature(sign_db.random ^ 0xFFFFFFFF, attached).raw)
    return bytes(block)
