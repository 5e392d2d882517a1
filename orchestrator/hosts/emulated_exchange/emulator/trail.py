"""What the emulated server writes into its Application log while it is backed up.

Ids of source ESE are those of jetmsg.mc in the Extensible Storage Engine; 9607 and 9611 stand in Microsoft KB
910250 and 933779, VSS 8229 in many of them. The other ids of MSExchangeIS and MSExchangeRepl are recalled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.faults import Row
from orchestrator.model.exchange import ExchangeVersion

KEPT: Final = 10_000  # entries; older ones are overwritten

ESE: Final = "ESE"
STORE: Final = "MSExchangeIS"
REPLICATION: Final = "MSExchangeRepl"
VSS: Final = "VSS"
SEEN: Final = frozenset({(STORE, 9607), (STORE, 9611), (VSS, 8229)})


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the Application log.

    Attributes:
        subject: what it is about: a database, a writer or a set.
        recalled: nobody has seen this id in a source.
    """

    at: datetime
    source: str
    event_id: int
    subject: str
    text: str
    recalled: bool = False


class Happening(StrEnum):
    """What the Exchange writer notes of a good backup."""

    PREPARED = "prepared for backup"
    SNAPSHOT_PREPARED = "prepared for the shadow copy"
    FROZEN = "frozen"
    THAWED = "thawed"
    POST_SNAPSHOT = "processed the post-snapshot event"
    COMPLETE = "processed the backup's completion"
    SHUTDOWN = "processed the backup's shutdown"
    TRUNCATES = "backup done, logs will be truncated"
    COPIED = "backup done, logs are kept"


# By the writer of the store, and by that of the Replication service.
WRITER_IDS: Final[Mapping[Happening, tuple[int, int]]] = {
    Happening.PREPARED: (9606, 2023),
    Happening.SNAPSHOT_PREPARED: (9608, 2025),
    Happening.FROZEN: (9610, 2027),
    Happening.THAWED: (9612, 2029),
    Happening.POST_SNAPSHOT: (9622, 2035),
    Happening.COMPLETE: (9616, 2033),
    Happening.SHUTDOWN: (9618, 2037),
    Happening.TRUNCATES: (9780, 2046),
    Happening.COPIED: (9782, 2046),
}
# The store's writer has an id for each failure; VSS adds its own.
FAILURE_IDS: Final[Mapping[Row, int]] = {
    Row.PREPARE_FOR_BACKUP: 9607,
    Row.ON_PREPARE_SNAPSHOT: 9609,
    Row.ON_FREEZE: 9611,
    Row.ON_THAW: 9613,
    Row.ON_POST_SNAPSHOT: 9623,
    Row.BACKUP_COMPLETE: 9617,
}
WRITER_REJECTED: Final = 8229
PROVIDER_FAILED: Final = 12293
STARTING: Final[Mapping[int, tuple[int, str]]] = {  # by VSS_BACKUP_TYPE
    1: (2005, "full"),
    2: (2008, "incremental"),
    3: (2010, "differential"),
    5: (2009, "copy"),
}


class Trail:
    """The Application log of one server."""

    def __init__(self, version: ExchangeVersion) -> None:
        self._by_store = version <= ExchangeVersion.EXCHANGE_2010
        self._entries: deque[LogEntry] = deque(maxlen=KEPT)

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """Every entry that is kept, oldest first."""
        return tuple(self._entries)

    def engine(self, at: datetime, event_id: int, databases: Iterable[str], text: str) -> None:
        """Note what the database engine says of each of some databases."""
        for database in databases:
            self._entries.append(LogEntry(at, ESE, event_id, database, text))

    def starting(self, at: datetime, backup_type: int, databases: Iterable[str]) -> None:
        """Note that the engine starts a shadow copy of a type."""
        event_id, kind = STARTING[backup_type]
        self.engine(at, event_id, databases, f"Shadow copy instance starting: {kind}.")

    def writer(self, at: datetime, happening: Happening, set_id: str) -> None:
        """Note what the Exchange writer says."""
        store_id, replication_id = WRITER_IDS[happening]
        source, event_id = (STORE, store_id) if self._by_store else (REPLICATION, replication_id)
        self._add(at, source, event_id, set_id, f"Exchange writer: {happening}.")

    def writer_failed(self, at: datetime, row: Row, hresult: int, set_id: str) -> None:
        """Note that the Exchange writer has rejected an event."""
        if self._by_store and row in FAILURE_IDS:
            self._add(at, STORE, FAILURE_IDS[row], set_id, f"Exchange writer failed at {row}.")
        what = f"A writer has rejected an event with {hresult:#010x}: {row}."
        self._add(at, VSS, WRITER_REJECTED, set_id, what)

    def provider_failed(self, at: datetime, row: Row, hresult: int, set_id: str) -> None:
        """Note that a call to the provider has failed."""
        self._add(at, VSS, PROVIDER_FAILED, set_id, f"A provider failed with {hresult:#010x}: {row}.")

    def _add(self, at: datetime, source: str, event_id: int, subject: str, text: str) -> None:
        recalled = (source, event_id) not in SEEN
        self._entries.append(LogEntry(at, source, event_id, subject, text, recalled))
