"""What Exchange itself says of its databases, where a host can tell: more than VSS metadata do.

VSS lists neither dismounted nor recovery databases, and does not tell an active copy from a passive one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class ExchangeVersion(IntEnum):
    """The versions that differ in what can be backed up."""

    EXCHANGE_2003 = 2003
    EXCHANGE_2007 = 2007
    EXCHANGE_2010 = 2010
    EXCHANGE_2013 = 2013
    EXCHANGE_2016 = 2016
    EXCHANGE_2019 = 2019

    @property
    def by_storage_group(self) -> bool:
        """Whether the smallest thing to back up is a storage group, with every database in it."""
        return self <= ExchangeVersion.EXCHANGE_2007


class CopyRole(StrEnum):
    """What a copy of a replicated database is at the moment."""

    ACTIVE = "active"
    PASSIVE = "passive"


@dataclass(frozen=True, slots=True)
class MailboxDatabase:
    """One copy of a mailbox or public folder database on this host.

    Attributes:
        name: what people call it; the caption of its component.
        guid: of the database, in lower case; copies of one database on several servers share it.
        storage_group: its name up to 2007; empty since.
        role: of this copy; ACTIVE where there is only one.
        mounted: False for a dismounted database; True for a passive copy that replays.
        recovery: a recovery database, or one of a recovery storage group.
        circular_logging: whether logs are overwritten without any backup.
        servers: of every server with a copy, this one included; one where nothing is replicated.
        healthy_copies: how many of them replay and lag behind in nothing.
        in_backup_by: what holds it in backup now, as far as the host can tell; empty if nothing does.
        last_full: when a full backup by VSS was last completed, None if never.
    """

    name: str
    guid: str
    storage_group: str = ""
    role: CopyRole = CopyRole.ACTIVE
    mounted: bool = True
    recovery: bool = False
    circular_logging: bool = False
    servers: tuple[str, ...] = ()
    healthy_copies: int = 1
    in_backup_by: str = ""
    last_full: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExchangeServer:
    """What one Exchange server says of itself.

    Attributes:
        name: of the server, as Exchange calls it.
        version: decides what may be selected.
        dag: name of its database availability group; empty if it is in none.
        databases: every copy that it has, mounted or not.
    """

    name: str
    version: ExchangeVersion
    dag: str = ""
    databases: tuple[MailboxDatabase, ...] = ()
