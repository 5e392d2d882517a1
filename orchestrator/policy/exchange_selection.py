"""What may be selected of Exchange: whole storage groups or databases, mounted, with their logs, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from orchestrator.model.exchange import ExchangeServer, ExchangeVersion, MailboxDatabase
from orchestrator.model.hosts import Survey
from orchestrator.policy.backup_types import TYPE_RULES
from orchestrator.policy.exchange_commands import Task, next_step
from orchestrator.policy.exchange_databases import (
    Selection,
    copies_behind,
    databases_behind,
    same_name,
    with_files_below,
)
from orchestrator.policy.exchange_writers import (
    EXCHANGE_WRITER_ID,
    family_of,
    guid_of,
    role_of,
    writer_family,
)
from orchestrator.policy.reasons import Finding

# What a component must bring along: a database is of no use without its logs, nor they without it.
NEEDED_FILES: Final = (".edb", ".log")


def check_wanted(wanted: Sequence[str], survey: Survey) -> tuple[Finding, ...]:
    """Say why Exchange does not offer a name that it knows; what it does not know is left to others.

    Ask before the components are looked up: VSS lists neither dismounted nor recovery databases, so all that
    could be said there is "unknown".
    """
    exchange = survey.exchange
    if exchange is None:
        return ()
    offered = {text for one in survey.components if one.selectable for text in (one.caption, one.name)}
    return tuple(
        finding for name in wanted if name not in offered for finding in _not_offered(name, exchange)
    )


def _not_offered(name: str, exchange: ExchangeServer) -> Iterator[Finding]:
    named = [
        one for one in exchange.databases if same_name(one.name, name) or guid_of(one.guid) == guid_of(name)
    ]
    group = [one for one in exchange.databases if same_name(one.storage_group, name)]
    known = named or group
    if not known:
        return
    if all(one.recovery for one in known):
        text = "It is for recovery: no writer offers it, and what it holds is a copy already."
        yield Finding("policy.recovery-database", name, text)
    elif named and exchange.version.by_storage_group:
        yield _member(name, named, exchange)
    elif dismounted := [one for one in known if not one.mounted]:
        yield _dismounted(name, dismounted, exchange.version)


def _member(name: str, named: Sequence[MailboxDatabase], exchange: ExchangeServer) -> Finding:
    groups = dict.fromkeys(one.storage_group for one in named if not one.recovery)
    said = " or ".join(
        f"{group!r} ({', '.join(one.name for one in exchange.databases if one.storage_group == group)})"
        for group in groups
    )
    text = f"Exchange {exchange.version} backs up whole storage groups only; name the group instead: {said}."
    return Finding("policy.whole-storage-group", name, text)


def _dismounted(
    name: str, dismounted: Sequence[MailboxDatabase], version: ExchangeVersion, *, fatal: bool = True
) -> Finding:
    which = ", ".join(one.name for one in dismounted)
    steps = " ".join(next_step(Task.MOUNT, version, one) for one in dismounted)
    text = f"It needs every database mounted, and every copy replaying: {which} does not. {steps}"
    return Finding("policy.database-dismounted", name, text, fatal)


def all_mounted(selection: Selection) -> Iterator[Finding]:
    """A member of a storage group that is dismounted spoils the group on 2003, and truncation everywhere."""
    version = selection.version
    for component in selection.of_exchange:
        copies = copies_behind(component, selection.survey)
        dismounted = [one for one in copies if not one.mounted]
        if version is not None and dismounted:
            # Exchange 2007 makes a copy backup of the rest; a full one degrades to a copy by itself.
            tolerable = (
                version is ExchangeVersion.EXCHANGE_2007
                and len(dismounted) < len(copies)
                and not TYPE_RULES[selection.backup_type].truncates
            )
            yield _dismounted(component.caption, dismounted, version, fatal=not tolerable)


def no_recovery(selection: Selection) -> Iterator[Finding]:
    """What is for recovery is a copy already."""
    for copy in selection.copies:
        if copy.recovery:
            yield Finding("policy.recovery-database", copy.name, "It is for recovery, not for production.")


def with_logs(selection: Selection) -> Iterator[Finding]:
    """A database and its logs are one thing."""
    for component in with_files_below(selection.of_exchange, selection.survey):
        names = [file.lower() for file in component.files]
        for needed in NEEDED_FILES:
            if not any(name.endswith(needed) for name in names):
                text = f"Its writer lists no *{needed} for it: a copy of the rest could not be recovered."
                yield Finding("policy.component-incomplete", component.caption, text)


def one_application(selection: Selection) -> Iterator[Finding]:
    """Recovery from a set puts back everything in it: Exchange shares a set with nobody."""
    if not selection.of_exchange:
        return
    for component in selection.components:
        family = family_of(component, selection.survey)
        if not family.exchange:
            text = f"Its writer ({family}) is not Exchange's, and the job selects Exchange as well."
            yield Finding("policy.mixed-writers", component.caption, text)


def known_writers(selection: Selection) -> Iterator[Finding]:
    """Exchange is known by id and name; a writer with only one of them is a version that nobody has seen."""
    owners = {one.instance_id for one in selection.components}
    for writer in selection.survey.writers:
        claims = guid_of(writer.writer_id) == EXCHANGE_WRITER_ID
        if writer.instance_id in owners and claims and not writer_family(writer).exchange:
            text = "It has the id of Exchange's writer under another name: which rules hold is not known."
            yield Finding("policy.writer-unknown", writer.name, text)


def one_copy_each(selection: Selection) -> Iterator[Finding]:
    """Two copies of one database on one server (local continuous replication) are never backed up at once."""
    chosen = Counter(guid_of(one.name) for one in selection.of_exchange)
    for component in selection.of_exchange:
        if chosen[guid_of(component.name)] > 1:
            text = f"Its {role_of(component, selection.survey)} copy is not the only one selected."
            yield Finding("policy.copy-twice", component.caption, text)


def roles_agree(selection: Selection) -> Iterator[Finding]:
    """VSS and Exchange must say the same of who is active: while a database moves, they do not."""
    for component in selection.of_exchange:
        found = databases_behind(component, selection.survey)
        if found and not copies_behind(component, selection.survey):
            role = role_of(component, selection.survey)
            text = f"VSS offers it as the {role} copy, Exchange says that it is {found[0].role}."
            yield Finding("policy.copy-role-unclear", component.caption, text)


def listed(selection: Selection) -> Iterator[Finding]:
    """What Exchange does not tell cannot be judged: worth saying, no more."""
    for component in selection.of_exchange:
        if not databases_behind(component, selection.survey):
            text = (
                "The host does not tell what Exchange knows of it: copies and its logging were not looked at."
            )
            yield Finding("policy.exchange-silent", component.caption, text, fatal=False)
