"""Whose writer it is, and what place a component of Exchange's has: read from metadata, never assumed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orchestrator.model.exchange import CopyRole
from orchestrator.model.hosts import Component, Survey, WriterInstance

# From `vssadmin list writers` on Exchange servers. Up to 2010 the store and the Replication service each
# have a writer under this one id, told apart by name and instance; since 2013 there is only the first name.
EXCHANGE_WRITER_ID: Final = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"

# Microsoft's list of in-box VSS writers (Windows SDK): what belongs to Windows itself.
_SYSTEM_WRITER_IDS: Final = (
    "e8132975-6f93-4464-a53e-1050253ae220",  # System Writer
    "afbab4a2-367d-4d15-a586-71dbb18f8485",  # Registry
    "542da469-d3e1-473c-9f4f-7847f01fc64f",  # COM+ REGDB
    "a6ad56c2-b509-4e6c-bb19-49d8f43532f0",  # WMI
    "be000cbe-11fe-4426-9c58-531aa6355fc4",  # ASR
    "4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f",  # Shadow Copy Optimization
    "4969d978-be47-48b0-b100-f328f07ac1e0",  # BITS
    "2a40fd15-dfca-4aa8-a654-1f8c654603f6",  # IIS Config
    "59b1f0cf-90ef-465f-9609-6ca8b2938366",  # IIS Metabase
    "0bada1de-01a9-4625-8278-69e735f39dd2",  # Performance Counters
    "d61d61c8-d73a-4eee-8cdd-f6f9786b7124",  # Task Scheduler
    "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06",  # VSS Metadata Store
)


class WriterFamily(StrEnum):
    """Which application a writer speaks for."""

    EXCHANGE_STORE = "exchange-store"
    EXCHANGE_REPLICA = "exchange-replica"
    SQL = "sql"
    SYSTEM = "system"
    OTHER = "other"

    @property
    def exchange(self) -> bool:
        """Whether Exchange's rules hold for it."""
        return self in {WriterFamily.EXCHANGE_STORE, WriterFamily.EXCHANGE_REPLICA}


# A family is an id *and* a name; an empty name stands for any: only Exchange shares an id among writers.
_FAMILIES: Final[dict[tuple[str, str], WriterFamily]] = {
    (EXCHANGE_WRITER_ID, "microsoft exchange writer"): WriterFamily.EXCHANGE_STORE,
    (EXCHANGE_WRITER_ID, "microsoft exchange replica writer"): WriterFamily.EXCHANGE_REPLICA,
    ("a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", ""): WriterFamily.SQL,  # SqlServerWriter
    ("f8544ac1-0611-4fa5-b04b-f7ee00b03277", ""): WriterFamily.SQL,  # MSDEWriter, of SQL Server 2000
    **dict.fromkeys(((writer_id, "") for writer_id in _SYSTEM_WRITER_IDS), WriterFamily.SYSTEM),
}


def writer_family(writer: WriterInstance) -> WriterFamily:
    """Return whose writer it is. Exchange's id under a strange name is nobody's: `OTHER`."""
    writer_id = guid_of(writer.writer_id)
    named = _FAMILIES.get((writer_id, writer.name.strip().lower()))
    return named or _FAMILIES.get((writer_id, ""), WriterFamily.OTHER)


def family_of(component: Component, survey: Survey) -> WriterFamily:
    """Return the family of the writer instance that owns a component; `OTHER` where none does."""
    owners = (one for one in survey.writers if one.instance_id == component.instance_id)
    return next(map(writer_family, owners), WriterFamily.OTHER)


def guid_of(text: str) -> str:
    """Return a GUID as we compare it: hosts write it with or without braces, in either case."""
    return text.strip("{}").lower()


@dataclass(frozen=True, slots=True)
class StorePlace:
    r"""Where a component stands below `Microsoft Information Store\`.

    What comes before differs from source to source (`Exchange Server`, `Microsoft Exchange Server`), so
    nobody looks at it.

    Attributes:
        replica: it is a passive copy.
        server: whose it is.
        inside: storage group or database that it is a part of; empty for what can be selected.
    """

    replica: bool
    server: str
    inside: tuple[str, ...]


def place_in_store(component: Component) -> StorePlace | None:
    """Return where a component stands in the information store, None for one that is not in it."""
    path = component.logical_path.split("\\")
    lowered = [part.lower() for part in path]
    if "microsoft information store" not in lowered:
        return None
    below = path[lowered.index("microsoft information store") + 1 :]
    # A server may itself be called "Replica"; then no server's name follows.
    replica = len(below) > 1 and below[0].lower() == "replica"
    server, *inside = below[1:] if replica else below or [""]
    return StorePlace(replica, server, tuple(inside))


def role_of(component: Component, survey: Survey) -> CopyRole:
    r"""Return the role in which VSS offers a database: `Replica\` in its path, or the replica writer."""
    place = place_in_store(component)
    passive = place is not None and place.replica
    passive |= family_of(component, survey) is WriterFamily.EXCHANGE_REPLICA
    return CopyRole.PASSIVE if passive else CopyRole.ACTIVE
