"""Which databases stand behind what was selected: VSS metadata and Exchange's own word, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from orchestrator.model.exchange import ExchangeVersion, MailboxDatabase
from orchestrator.model.hosts import Component, Survey
from orchestrator.policy.exchange_writers import family_of, guid_of, role_of
from orchestrator.policy.truncation import BackupType


def components_below(component: Component, survey: Survey) -> Iterator[Component]:
    """Yield what a selected component includes without being asked: all that its writer has below it."""
    full_name = f"{component.logical_path}\\{component.name}" if component.logical_path else component.name
    root = full_name.lower() + "\\"
    for one in survey.components:
        if one.instance_id == component.instance_id and f"{one.logical_path.lower()}\\".startswith(root):
            yield one


def with_files_below(components: Iterable[Component], survey: Survey) -> tuple[Component, ...]:
    """Return components with the files of all that they include: databases keep their logs with them."""
    return tuple(
        replace(
            one,
            files=tuple(
                dict.fromkeys(file for each in (one, *components_below(one, survey)) for file in each.files)
            ),
        )
        for one in components
    )


def databases_behind(component: Component, survey: Survey) -> tuple[MailboxDatabase, ...]:
    """Return the databases that Exchange knows behind a component, in whatever role it has them.

    A storage group stands for all of its databases, the dismounted ones included, which VSS does not list.
    """
    exchange = survey.exchange
    if exchange is None or not family_of(component, survey).exchange:
        return ()
    if exchange.version.by_storage_group:
        members = {guid_of(one.name) for one in components_below(component, survey)}
        return tuple(
            one
            for one in exchange.databases
            if same_name(one.storage_group, component.caption) or guid_of(one.guid) in members
        )
    by_guid = tuple(one for one in exchange.databases if guid_of(one.guid) == guid_of(component.name))
    return by_guid or tuple(one for one in exchange.databases if same_name(one.name, component.caption))


def copies_behind(component: Component, survey: Survey) -> tuple[MailboxDatabase, ...]:
    """Return those of them that have the role in which VSS offers the component."""
    role = role_of(component, survey)
    return tuple(one for one in databases_behind(component, survey) if one.role is role)


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are the same to Exchange, which does not mind the case. No name is no match."""
    return bool(one) and one.casefold() == other.casefold()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a job selects on one host.

    Attributes:
        components: the selected ones.
        survey: of the host.
        backup_type: what the writers will be told.
    """

    components: tuple[Component, ...]
    survey: Survey
    backup_type: BackupType = BackupType.COPY

    @property
    def version(self) -> ExchangeVersion | None:
        """Exchange's, None where the host does not tell."""
        return None if self.survey.exchange is None else self.survey.exchange.version

    @property
    def of_exchange(self) -> tuple[Component, ...]:
        """The components that Exchange's writers own."""
        return tuple(one for one in self.components if family_of(one, self.survey).exchange)

    @property
    def copies(self) -> tuple[MailboxDatabase, ...]:
        """Every copy of a database that is selected, once."""
        found = (copy for one in self.of_exchange for copy in copies_behind(one, self.survey))
        return tuple(dict.fromkeys(found))
