"""Which copy of each replicated database is backed up: a database availability group is one object.

Works for storage groups of 2007 too, where a group is what has copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from orchestrator.model.exchange import CopyRole, MailboxDatabase
from orchestrator.model.hosts import Component, Survey
from orchestrator.policy.exchange_databases import databases_behind, same_name
from orchestrator.policy.exchange_writers import family_of, guid_of, role_of
from orchestrator.policy.reasons import Finding

Surveys = Mapping[str, Survey]
"""Surveys of the hosts that could be reached, by the name that each is registered under."""

Chosen = Mapping[str, tuple[Component, ...]]
"""By host, what is backed up there."""


class CopyPreference(StrEnum):
    """Which copy a job wants."""

    ACTIVE = "active"
    PASSIVE_PREFERRED = "passive-preferred"
    SERVERS = "servers"


@dataclass(frozen=True, slots=True)
class CopyChoice:
    """What a job says of copies.

    Attributes:
        preference: the rule.
        servers: hosts as registered, the most wanted one first; for `SERVERS` alone.

    Raises:
        ValueError: the two do not fit together.
    """

    preference: CopyPreference = CopyPreference.ACTIVE
    servers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.servers) is not (self.preference is CopyPreference.SERVERS):
            raise ValueError("servers are named if, and only if, they are what is preferred")

    def rank(self, host: str, role: CopyRole) -> int | None:
        """Return how welcome a copy is, 0 the most; None for one that will not do."""
        match self.preference:
            case CopyPreference.ACTIVE:
                return 0 if role is CopyRole.ACTIVE else None
            case CopyPreference.PASSIVE_PREFERRED:
                return 0 if role is CopyRole.PASSIVE else 1
            case CopyPreference.SERVERS:
                return self.servers.index(host) if host in self.servers else None


@dataclass(frozen=True, slots=True)
class _Copy:
    """One copy, as the writer on a host offers it."""

    host: str
    component: Component
    role: CopyRole
    databases: tuple[MailboxDatabase, ...]

    @property
    def key(self) -> str:
        """The same for all copies of a database."""
        return guid_of(self.component.name)

    @property
    def behind(self) -> tuple[MailboxDatabase, ...]:
        return tuple(one for one in self.databases if one.role is self.role)

    @property
    def unclear(self) -> bool:
        return bool(self.databases) and not self.behind

    @property
    def unfit(self) -> str:
        """Why it cannot be backed up; empty if it can."""
        down = [one.name for one in self.behind if not one.mounted]
        return f"{'not mounted' if self.role is CopyRole.ACTIVE else 'does not replay'}" if down else ""


def choose_copies(
    choice: CopyChoice, surveys: Surveys, databases: Sequence[str]
) -> Chosen | tuple[Finding, ...]:
    """Choose one copy of each database, or say of which there is none. No order of input matters.

    Args:
        choice: what the job wants.
        surveys: of every host with copies that answered.
        databases: captions or VSS names, as the job has them.
    """
    if not databases:
        return (Finding("input.unknown-component", "components", "The job selects none."),)
    findings: list[Finding] = []
    chosen: dict[str, _Copy] = {}
    for wanted in sorted(set(databases)):
        copies = [one for one in _offered(surveys) if _is_called(one.component, wanted)]
        obstacles = tuple(_obstacles(wanted, copies, surveys))
        best = _best(choice, copies)
        if best is not None:
            chosen[best.key] = best
        findings += obstacles
        if best is None and not obstacles:
            findings.append(Finding("policy.no-copy", wanted, _why_none(choice, wanted, copies, surveys)))
    if findings:
        return tuple(findings)
    ordered = sorted(chosen.values(), key=lambda one: (one.host, one.component.caption, one.key))
    return {
        host: tuple(one.component for one in found) for host, found in groupby(ordered, lambda one: one.host)
    }


def _offered(surveys: Surveys) -> Iterator[_Copy]:
    for host, survey in sorted(surveys.items()):
        for component in survey.components:
            if component.selectable and family_of(component, survey).exchange:
                behind = databases_behind(component, survey)
                yield _Copy(host, component, role_of(component, survey), behind)


def _is_called(component: Component, wanted: str) -> bool:
    return same_name(component.caption, wanted) or guid_of(component.name) == guid_of(wanted)


def _obstacles(wanted: str, copies: Sequence[_Copy], surveys: Surveys) -> Iterator[Finding]:
    """Yield what speaks against every copy of a database."""
    if len(keys := sorted({one.component.name for one in copies})) > 1:
        text = f"Several databases are called so; name one of {', '.join(keys)}."
        yield Finding("input.unknown-component", wanted, text)
        return
    active = sorted(one.host for one in copies if one.role is CopyRole.ACTIVE)
    if len(active) > 1:
        text = f"It is offered as the active copy on {' and on '.join(active)}."
        yield Finding("policy.copy-role-unclear", wanted, text)
    for one in copies:
        if one.unclear:
            text = f"On {one.host} VSS offers the {one.role} copy; Exchange says {one.databases[0].role}."
            yield Finding("policy.copy-role-unclear", wanted, text)
    # The mark is per database, wherever it was set: also by a copy that is itself not offered.
    for host, database in _known(wanted, copies, surveys):
        if database.in_backup_by:
            text = f"Its copy on {host} is held in backup by {database.in_backup_by}."
            yield Finding("policy.database-in-backup", wanted, text)


def _known(wanted: str, copies: Sequence[_Copy], surveys: Surveys) -> Iterator[tuple[str, MailboxDatabase]]:
    guids = {guid_of(database.guid) for one in copies for database in one.databases}
    guids |= {guid_of(wanted), *(one.key for one in copies)}
    for host, survey in sorted(surveys.items()):
        for one in survey.exchange.databases if survey.exchange is not None else ():
            named = same_name(one.name, wanted) or same_name(one.storage_group, wanted)
            if guid_of(one.guid) in guids or (named and not copies):
                yield host, one


def _best(choice: CopyChoice, copies: Sequence[_Copy]) -> _Copy | None:
    ranked = [
        (rank, one.host, one.role is CopyRole.ACTIVE, one)
        for one in copies
        if not one.unfit and (rank := choice.rank(one.host, one.role)) is not None
    ]
    return min(ranked, key=lambda each: each[:3])[3] if ranked else None


def _why_none(choice: CopyChoice, wanted: str, copies: Sequence[_Copy], surveys: Surveys) -> str:
    seen = {one.host: f"{one.host}: {one.role}, {one.unfit or 'not what the job allows'}" for one in copies}
    for host, database in _known(wanted, copies, surveys):
        seen.setdefault(host, f"{host}: {database.role}, not offered by its writer")
    known = [server for _, database in _known(wanted, copies, surveys) for server in database.servers]
    names = {one.exchange.name.casefold() for one in surveys.values() if one.exchange is not None}
    for server in sorted(set(known)):
        if server.casefold() not in names:
            seen.setdefault(server, f"{server}: not reached")
    where = "; ".join(seen[host] for host in sorted(seen)) or "none on any host that answered"
    allowed = ", ".join(choice.servers) or choice.preference
    return f"Wanted: {allowed}. Seen: {where}."


Ownership = Mapping[str, frozenset[str]]
"""By database, what is said of its copies."""


def read_ownership(surveys: Surveys, components: Iterable[Component]) -> Ownership:
    """Return who has which copy of some databases, in words that can be compared.

    Args:
        surveys: of the same hosts each time.
        components: the chosen ones.
    """
    owned: dict[str, frozenset[str]] = {}
    for chosen in components:
        said: set[str] = set()
        for one in _offered(surveys):
            if one.key == guid_of(chosen.name):
                said.add(f"{one.host} offers the {one.role} copy")
                for database in one.databases:
                    state = "in order" if database.mounted else "not mounted"
                    said.add(f"{one.host} has {database.name} {database.role}, {state}")
        owned[chosen.caption] = frozenset(said)
    return owned


def check_ownership(before: Ownership, after: Ownership) -> tuple[Finding, ...]:
    """Find every database whose copies have changed their place or role. Ask last before the freeze.

    Args:
        before: as planned.
        after: as read now.
    """
    return tuple(
        Finding("policy.ownership-changed", database, _difference(before[database], now))
        for database in sorted(before)
        if (now := after.get(database, frozenset())) != before[database]
    )


def _difference(before: frozenset[str], now: frozenset[str]) -> str:
    gone = ", ".join(sorted(before - now)) or "nothing of it is gone"
    come = ", ".join(sorted(now - before)) or "nothing instead"
    return f"When the run was planned: {gone}. Now: {come}."
